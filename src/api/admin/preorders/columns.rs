//! The columns that the list may show beside the number.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Email,
    Name,
    Phone,
    Color,
    Payment,
    Fulfilment,
    Status,
    Amount,
    Currency,
    Country,
    Locale,
    Started,
    Paid,
    Tracking,
}

impl Column {
    pub const ALL: &'static [Self] = &[
        Self::Email,
        Self::Name,
        Self::Phone,
        Self::Color,
        Self::Payment,
        Self::Fulfilment,
        Self::Status,
        Self::Amount,
        Self::Currency,
        Self::Country,
        Self::Locale,
        Self::Started,
        Self::Paid,
        Self::Tracking,
    ];

    /// Shown until somebody chooses.
    pub const USUAL: &'static [Self] =
        &[Self::Email, Self::Color, Self::Payment, Self::Fulfilment, Self::Amount, Self::Started];

    /// In the address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Phone => "phone",
            Self::Color => "color",
            Self::Payment => "payment",
            Self::Fulfilment => "fulfilment",
            Self::Status => "status",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Country => "country",
            Self::Locale => "locale",
            Self::Started => "started",
            Self::Paid => "paid",
            Self::Tracking => "tracking",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Email => "E-mail",
            Self::Name => "Name",
            Self::Phone => "Phone",
            Self::Color => "Colour",
            Self::Payment => "Payment",
            Self::Fulfilment => "Fulfilment",
            Self::Status => "Status",
            Self::Amount => "Amount",
            Self::Currency => "Currency",
            Self::Country => "Country",
            Self::Locale => "Language",
            Self::Started => "Started",
            Self::Paid => "Paid",
            Self::Tracking => "Tracking",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.word() == word)
    }
}
