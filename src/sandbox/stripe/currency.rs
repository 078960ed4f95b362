//! Currencies as Stripe knows them: which it takes, how many minor digits each has, the least it will charge, and how an
//! amount is written for a person.

use super::error::Refusal;

const SUPPORTED: &str = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad \
    cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils \
    inr isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad \
    ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs \
    top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw bhd jod kwd omr tnd";
const WITHOUT_CENTS: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf";
const THREE_DIGITS: &str = "bhd jod kwd omr tnd";

fn among(list: &str, currency: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == currency)
}

/// A supported currency in lower case, or Stripe's refusal naming `param`.
pub fn parse(text: &str, param: &str) -> Result<String, Refusal> {
    let currency = text.to_ascii_lowercase();
    if among(SUPPORTED, &currency) {
        return Ok(currency);
    }
    let list = SUPPORTED.split_ascii_whitespace().collect::<Vec<_>>().join(", ");
    Err(Refusal::invalid(format!("Invalid currency: {text}. Stripe currently supports these currencies: {list}"))
        .param(param))
}

/// How many digits of the minor unit are cents.
pub fn digits(currency: &str) -> u32 {
    if among(WITHOUT_CENTS, currency) {
        0
    } else if among(THREE_DIGITS, currency) {
        3
    } else {
        2
    }
}

/// The least Stripe charges, in minor units.
pub fn minimum(currency: &str) -> i64 {
    match currency {
        "gbp" => 30,
        "hkd" | "cny" => 400,
        "mxn" | "thb" => 1_000,
        "sek" | "nok" => 300,
        "dkk" => 250,
        "huf" => 17_500,
        "czk" => 1_500,
        "krw" => 500,
        "pln" | "myr" | "aed" | "ron" => 200,
        "twd" => 2_000,
        _ => 50,
    }
}

/// An amount in minor units as a person reads it: `$499.00`, `€1,299.00`, `¥68,000`, `CHF 20.00`.
pub fn written(minor: i64, currency: &str) -> String {
    let digits = digits(currency);
    let unit = 10_u64.pow(digits);
    let amount = minor.unsigned_abs();
    let whole = (amount / unit).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if digits > 0 {
        let cents = format!(".{:0width$}", amount % unit, width = digits as usize);
        grouped.push_str(&cents);
    }
    let sign = if minor < 0 { "−" } else { "" };
    let symbol = match currency {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        "cny" => "CN¥",
        "krw" => "₩",
        "inr" => "₹",
        "aud" => "A$",
        "cad" => "CA$",
        "hkd" => "HK$",
        "nzd" => "NZ$",
        "twd" => "NT$",
        "brl" => "R$",
        _ => return format!("{sign}{} {grouped}", currency.to_ascii_uppercase()),
    };
    format!("{sign}{symbol}{grouped}")
}
