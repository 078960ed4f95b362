//! Who may do what in the admin. A role is a set of rights, each containing the one before; every function of the admin
//! names the right that it asks for.

use super::ids::AdminId;
use super::text_enum::text_enum;

text_enum! {
    pub enum Role {
        Viewer => "viewer",
        Support => "support",
        Owner => "owner",
    }
}

/// What an address of the admin asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look at everything but people; buyers' addresses are masked.
    See,
    /// Move orders: refund within the limit, cancel, fulfil, edit, note; retry, replay, pause.
    Act,
    /// Refund over the limit; people, settings.
    Manage,
}

impl Role {
    pub const fn may(self, right: Right) -> bool {
        match right {
            Right::See => true,
            Right::Act => matches!(self, Self::Support | Self::Owner),
            Right::Manage => matches!(self, Self::Owner),
        }
    }

    /// Buyers' e-mail addresses and phone numbers in full.
    pub const fn sees_addresses(self) -> bool {
        self.may(Right::Act)
    }

    /// One word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Support => "Support",
            Self::Owner => "Owner",
        }
    }
}

/// Who does something, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `None`: the command line, or somebody who is not (yet) known.
    pub id: Option<AdminId>,
    /// E-mail address, as it is shown.
    pub name: String,
    pub role: Role,
    pub request_id: Option<String>,
    /// Network address.
    pub address: Option<String>,
}

impl Actor {
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_one_below_may_and_more() {
        let rights = [Right::See, Right::Act, Right::Manage];
        let count = |role: Role| rights.iter().filter(|right| role.may(**right)).count();
        assert_eq!(Role::ALL.iter().map(|role| count(*role)).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(!Role::Viewer.sees_addresses() && Role::Support.sees_addresses());
    }
}
