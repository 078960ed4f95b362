//! Getting the goods to the buyer: which moves of `fulfilment_status` there are, and what stands in their way. Only
//! what is paid, and stays paid, leaves the house.

use super::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};

/// What a move of the goods depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fulfilment {
    pub status: FulfilmentStatus,
    pub payment: PaymentStatus,
    pub order: PreorderStatus,
}

/// Why the goods can't move. A predicate after the preorder's number: “ROL-… is not paid”.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FulfilmentError {
    #[error("is not paid")]
    NotPaid,
    #[error("is refunded")]
    Refunded,
    #[error("is disputed")]
    Disputed,
    #[error("is cancelled")]
    Cancelled,
    #[error("is on hold")]
    OnHold,
    #[error("is fulfilled already")]
    Fulfilled,
    #[error("is not on hold")]
    NotOnHold,
    #[error("is not fulfilled")]
    NotFulfilled,
}

impl FulfilmentError {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPaid => "not_paid",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::Cancelled => "cancelled",
            Self::OnHold => "on_hold",
            Self::Fulfilled => "fulfilled",
            Self::NotOnHold => "not_on_hold",
            Self::NotFulfilled => "not_fulfilled",
        }
    }
}

impl Fulfilment {
    /// The parcel left. Twice is an error: it may be another parcel's number.
    pub const fn fulfil(self) -> Result<FulfilmentStatus, FulfilmentError> {
        match self.status {
            FulfilmentStatus::Fulfilled => return Err(FulfilmentError::Fulfilled),
            FulfilmentStatus::OnHold => return Err(FulfilmentError::OnHold),
            FulfilmentStatus::Unfulfilled => {}
        }
        match self.payment {
            PaymentStatus::Paid | PaymentStatus::PartiallyRefunded => Ok(FulfilmentStatus::Fulfilled),
            PaymentStatus::Refunded => Err(FulfilmentError::Refunded),
            PaymentStatus::Disputed => Err(FulfilmentError::Disputed),
            PaymentStatus::Unpaid | PaymentStatus::Pending | PaymentStatus::Failed
                if matches!(self.order, PreorderStatus::Cancelled) =>
            {
                Err(FulfilmentError::Cancelled)
            }
            PaymentStatus::Unpaid | PaymentStatus::Pending | PaymentStatus::Failed => Err(FulfilmentError::NotPaid),
        }
    }

    /// Nothing leaves until a person says so. What is on hold stays so.
    pub const fn hold(self) -> Result<FulfilmentStatus, FulfilmentError> {
        match self.status {
            FulfilmentStatus::Fulfilled => Err(FulfilmentError::Fulfilled),
            FulfilmentStatus::OnHold | FulfilmentStatus::Unfulfilled => Ok(FulfilmentStatus::OnHold),
        }
    }

    /// It may leave again. What was not held is as it was.
    pub const fn release(self) -> Result<FulfilmentStatus, FulfilmentError> {
        match self.status {
            FulfilmentStatus::Fulfilled => Err(FulfilmentError::NotOnHold),
            FulfilmentStatus::OnHold | FulfilmentStatus::Unfulfilled => Ok(FulfilmentStatus::Unfulfilled),
        }
    }

    /// It never left: marking it was a mistake.
    pub const fn undo(self) -> Result<FulfilmentStatus, FulfilmentError> {
        match self.status {
            FulfilmentStatus::OnHold => Err(FulfilmentError::NotFulfilled),
            FulfilmentStatus::Fulfilled | FulfilmentStatus::Unfulfilled => Ok(FulfilmentStatus::Unfulfilled),
        }
    }

    /// Whether address and colour may still change: the parcel is not packed.
    pub const fn is_editable(self) -> bool {
        !matches!(self.status, FulfilmentStatus::Fulfilled) && !matches!(self.order, PreorderStatus::Cancelled)
    }
}

/// A carrier's number, as the label bears it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TrackingNumber(String);

/// Why a typed text is no tracking number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrackingError {
    #[error("The tracking number is missing.")]
    Missing,
    #[error("A tracking number has at most 60 letters and digits.")]
    TooLong,
    #[error("A tracking number has letters, digits and dashes only.")]
    BadCharacters,
}

impl TrackingNumber {
    const MAX: usize = 60;

    /// Spaces are how carriers group digits; they are dropped, and letters are made large.
    pub fn parse(typed: &str) -> Result<Self, TrackingError> {
        let number: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if number.is_empty() {
            return Err(TrackingError::Missing);
        }
        if !number.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
            return Err(TrackingError::BadCharacters);
        }
        if number.len() > Self::MAX {
            return Err(TrackingError::TooLong);
        }
        Ok(Self(number.to_ascii_uppercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(status: FulfilmentStatus, payment: PaymentStatus) -> Fulfilment {
        Fulfilment { status, payment, order: PreorderStatus::Completed }
    }

    #[test]
    fn only_what_is_paid_and_stays_paid_leaves_the_house() {
        for &payment in PaymentStatus::ALL {
            let may = matches!(payment, PaymentStatus::Paid | PaymentStatus::PartiallyRefunded);
            for &status in FulfilmentStatus::ALL {
                let left = at(status, payment).fulfil();
                assert_eq!(left.is_ok(), may && status == FulfilmentStatus::Unfulfilled, "{status} {payment}");
            }
        }
        let cancelled =
            Fulfilment { order: PreorderStatus::Cancelled, ..at(FulfilmentStatus::Unfulfilled, PaymentStatus::Unpaid) };
        assert_eq!(cancelled.fulfil(), Err(FulfilmentError::Cancelled));
        assert!(!cancelled.is_editable());
    }

    #[test]
    fn holding_releasing_and_undoing_twice_is_once() {
        let paid = |status| at(status, PaymentStatus::Paid);
        for &status in FulfilmentStatus::ALL {
            for verb in [Fulfilment::hold, Fulfilment::release, Fulfilment::undo] {
                if let Ok(once) = verb(paid(status)) {
                    assert_eq!(verb(paid(once)), Ok(once));
                }
            }
        }
        assert_eq!(paid(FulfilmentStatus::Fulfilled).hold(), Err(FulfilmentError::Fulfilled));
    }

    #[test]
    fn a_tracking_number_is_kept_in_one_form() {
        let read = |typed| TrackingNumber::parse(typed).map(|number| number.0);
        assert_eq!(read(" 1z 999 aa1 "), Ok("1Z999AA1".to_owned()));
        assert_eq!(read("  "), Err(TrackingError::Missing));
        assert_eq!(read("<b>"), Err(TrackingError::BadCharacters));
        assert_eq!(read("=1+1"), Err(TrackingError::BadCharacters));
        assert_eq!(read(&"1".repeat(61)), Err(TrackingError::TooLong));
    }
}
