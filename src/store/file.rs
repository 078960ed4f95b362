//! SQLite's file as it was opened. The system lets a file be removed or replaced under whoever has it open, and what
//! is written then is gone with the last one who has: such a file is not written to.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone)]
pub struct OpenFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl OpenFile {
    /// `None` for a database that has no file.
    pub fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        Some(Self { identity: identity(&path).ok()?, path })
    }

    /// An error if what lies there now is another file, or none.
    pub fn check(&self) -> Result<(), sqlx::Error> {
        let problem = match identity(&self.path) {
            Ok(now) if now == self.identity => return Ok(()),
            Ok(_) => "was replaced".to_owned(),
            Err(error) => format!("is gone: {error}"),
        };
        let problem = format!("{} {problem}, under the program that has it open", self.path.display());
        Err(sqlx::Error::Io(io::Error::other(problem)))
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}
