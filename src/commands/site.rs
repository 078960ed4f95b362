//! Where the built site lies: beside the binary where it is installed, under `target` where it was built.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use leptos::config::{Env, LeptosOptions};

const NAME: &str = "rolitt";
const HASHES: &str = "hash.txt";

/// `LEPTOS_SITE_ROOT` and its kin are honoured where cargo-leptos sets them.
pub fn options(addr: SocketAddr) -> LeptosOptions {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf)).unwrap_or_default();
    let root = std::env::var_os("LEPTOS_SITE_ROOT").map(PathBuf::from).or_else(|| {
        [beside.join("site"), PathBuf::from("site"), PathBuf::from("target/site")].into_iter().find(|dir| dir.is_dir())
    });
    let root = root.unwrap_or_else(|| PathBuf::from("target/site"));
    LeptosOptions::builder()
        .output_name(NAME)
        .site_root(root.to_string_lossy())
        .site_pkg_dir("pkg")
        .site_addr(addr)
        .env(if cfg!(debug_assertions) { Env::DEV } else { Env::PROD })
        .hash_file(HASHES.into())
        .hash_files(beside.join(HASHES).is_file())
        .build()
}
