//! Where invented people live, and what they are called there. The hosts of their addresses are set aside for examples
//! (RFC 2606), so that nothing that is ever sent to them arrives.

use crate::domain::locale::Locale;
use crate::domain::money::Currency;

pub const HOSTS: &[(&str, u32)] = &[
    ("example.com", 46),
    ("example.org", 22),
    ("example.net", 20),
    ("mail.example.com", 4),
    ("post.example.org", 3),
    ("inbox.example.net", 3),
    ("home.example", 1),
    ("studio.example", 1),
];

/// How an address is written there: digits for each `#`, a letter for each `@`.
pub struct Place {
    pub country: &'static str,
    pub weight: u32,
    pub currency: Currency,
    pub locale: Locale,
    /// Whether the family's name comes first.
    pub family_first: bool,
    pub given: &'static [&'static str],
    pub family: &'static [&'static str],
    pub streets: &'static [&'static str],
    /// The number comes before the street.
    pub number_first: bool,
    pub postal: &'static str,
    /// City, and the state where it is written.
    pub cities: &'static [(&'static str, Option<&'static str>)],
    /// What a phone number begins with.
    pub dial: &'static str,
}

macro_rules! place {
    ($country:literal $weight:literal $currency:ident $locale:ident $family_first:literal
     $given:expr, $family:expr, $streets:expr, $number_first:literal $postal:literal $cities:expr, $dial:literal) => {
        Place {
            country: $country,
            weight: $weight,
            currency: Currency::$currency,
            locale: Locale::$locale,
            family_first: $family_first,
            given: $given,
            family: $family,
            streets: $streets,
            number_first: $number_first,
            postal: $postal,
            cities: $cities,
            dial: $dial,
        }
    };
}

const ENGLISH: &[&str] = &[
    "Ava", "Noah", "Mia", "Liam", "Ruby", "Owen", "Isla", "Leo", "Nora", "Finn", "Ella", "Jack", "Zoe", "Max", "Ivy",
    "Theo", "Maya", "Eli", "Chloe", "Ben", "Hazel", "Luca", "Alice", "Sam", "Clara", "Adam", "Grace", "Jonah", "Lily",
    "Hugo",
];
const ENGLISH_FAMILY: &[&str] = &[
    "Adams",
    "Bell",
    "Carter",
    "Dale",
    "Ellis",
    "Foster",
    "Gray",
    "Hayes",
    "Irwin",
    "Jones",
    "Kerr",
    "Lowe",
    "Marsh",
    "Nash",
    "Owens",
    "Price",
    "Quinn",
    "Reed",
    "Shaw",
    "Tate",
    "Underhill",
    "Vance",
    "Ward",
    "York",
    "O'Neill",
    "Doyle",
];
const GERMAN: &[&str] = &[
    "Anna", "Jonas", "Lena", "Paul", "Emma", "Felix", "Mila", "Emil", "Jule", "Anton", "Greta", "Jakob", "Frieda",
    "Moritz",
];
const GERMAN_FAMILY: &[&str] =
    &["Bauer", "Krüger", "Lange", "Möller", "Schäfer", "Vogt", "Weiß", "Brandt", "Franke", "Jansen", "Köhler", "Pohl"];

pub const PLACES: &[Place] = &[
    place!("US" 300 Usd En false ENGLISH, ENGLISH_FAMILY,
        &["Maple Street", "Oak Avenue", "Lake Drive", "Cedar Lane", "Hill Road", "River Street", "Elm Court"], true "#####"
        &[("Portland", Some("OR")), ("Austin", Some("TX")), ("Denver", Some("CO")), ("Boston", Some("MA")),
          ("Seattle", Some("WA")), ("Chicago", Some("IL")), ("Oakland", Some("CA")), ("Raleigh", Some("NC"))], "+1555"),
    place!("CN" 170 Cny Zh true
        &["伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "杰", "婷", "雪", "晨", "宇", "欣"],
        &["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙"],
        &["中山路", "人民路", "解放路", "建设路", "和平街", "长江路"], false "######"
        &[("上海", None), ("北京", None), ("深圳", None), ("杭州", None), ("成都", None), ("南京", None)], "+86190"),
    place!("DE" 110 Eur En false GERMAN, GERMAN_FAMILY,
        &["Lindenstraße", "Gartenweg", "Bergstraße", "Am Markt", "Schillerplatz", "Uferweg"], false "#####"
        &[("Berlin", None), ("Hamburg", None), ("Köln", None), ("Leipzig", None), ("München", None), ("Freiburg", None)], "+49155"),
    place!("JP" 90 Jpy En false
        &["Haruto", "Yui", "Sota", "Hina", "Ren", "Aoi", "Yuto", "Sakura", "Riku", "Mei", "Kaito", "Rin"],
        &["Sato", "Suzuki", "Tanaka", "Watanabe", "Ito", "Yamamoto", "Nakamura", "Kobayashi", "Kato", "Mori"],
        &["Sakuragaoka", "Midoricho", "Honcho", "Asahicho", "Nishimachi"], false "###-####"
        &[("Tokyo", None), ("Osaka", None), ("Kyoto", None), ("Sapporo", None), ("Fukuoka", None)], "+8190"),
    place!("GB" 70 Usd En false ENGLISH, ENGLISH_FAMILY,
        &["Church Lane", "Mill Road", "High Street", "Station Road", "Orchard Close"], true "@@# #@@"
        &[("London", None), ("Leeds", None), ("Bristol", None), ("Glasgow", None), ("Cardiff", None)], "+447700900"),
    place!("FR" 60 Eur En false
        &["Camille", "Louis", "Chloé", "Hugo", "Inès", "Jules", "Manon", "Théo", "Zoé", "Raphaël"],
        &["Bernard", "Dubois", "Fontaine", "Girard", "Lefèvre", "Moreau", "Petit", "Roux", "Simon"],
        &["rue des Lilas", "avenue de la Gare", "rue du Moulin", "place de l'Église"], true "#####"
        &[("Paris", None), ("Lyon", None), ("Nantes", None), ("Lille", None), ("Toulouse", None)], "+33639"),
    place!("CA" 45 Usd En false ENGLISH, ENGLISH_FAMILY,
        &["Birch Street", "King Street", "Harbour Road", "Aspen Way"], true "@#@ #@#"
        &[("Toronto", Some("ON")), ("Vancouver", Some("BC")), ("Montréal", Some("QC")), ("Halifax", Some("NS"))], "+1555"),
    place!("NL" 30 Eur En false
        &["Daan", "Sanne", "Sem", "Fleur", "Bram", "Lotte", "Thijs", "Noor"],
        &["de Vries", "Jansen", "Bakker", "Visser", "Smit", "Mulder", "van Dijk"],
        &["Kerkstraat", "Molenweg", "Dorpsstraat", "Stationsplein"], false "#### @@"
        &[("Utrecht", None), ("Amsterdam", None), ("Groningen", None), ("Eindhoven", None)], "+316"),
    place!("ES" 30 Eur En false
        &["Lucía", "Martín", "Sofía", "Mateo", "Ana", "Álvaro", "Carmen", "Pablo"],
        &["García", "López", "Ruiz", "Moreno", "Torres", "Navarro", "Núñez"],
        &["Calle Mayor", "Calle del Sol", "Avenida del Mar", "Plaza Nueva"], false "#####"
        &[("Madrid", None), ("Valencia", None), ("Sevilla", None), ("Bilbao", None)], "+346"),
    place!("SG" 25 Usd En false ENGLISH, &["Tan", "Lim", "Lee", "Ng", "Ong", "Goh"],
        &["Orchid Road", "Tembusu Walk", "Harbour View"], true "######" &[("Singapore", None)], "+658"),
    place!("TW" 25 Usd Zh true &["怡君", "志明", "雅婷", "俊傑", "淑芬", "冠宇"], &["陳", "林", "黃", "張", "吳", "蔡"],
        &["中正路", "民生路", "復興街"], false "###" &[("台北", None), ("台中", None), ("高雄", None)], "+8869"),
    place!("AU" 25 Usd En false ENGLISH, ENGLISH_FAMILY, &["Wattle Street", "Bay Road", "Acacia Avenue"], true "####"
        &[("Sydney", Some("NSW")), ("Melbourne", Some("VIC")), ("Perth", Some("WA"))], "+614"),
    place!("SE" 12 Eur En false &["Elsa", "Oskar", "Alma", "Nils", "Saga", "Axel"],
        &["Lindberg", "Nyström", "Sjöberg", "Åkesson"], &["Björkvägen", "Storgatan", "Ängsvägen"], false "### ##"
        &[("Stockholm", None), ("Göteborg", None), ("Malmö", None)], "+4670"),
    place!("PL" 10 Eur En false &["Zofia", "Jan", "Hanna", "Antoni", "Maja"], &["Nowak", "Wójcik", "Zając", "Król"],
        &["ulica Lipowa", "ulica Polna", "ulica Leśna"], false "##-###"
        &[("Warszawa", None), ("Kraków", None), ("Gdańsk", None)], "+4860"),
    place!("AT" 10 Eur En false GERMAN, GERMAN_FAMILY, &["Hauptstraße", "Wiesengasse", "Kirchenplatz"], false "####"
        &[("Wien", None), ("Graz", None), ("Linz", None)], "+43660"),
    place!("BR" 10 Usd En false &["Beatriz", "Caio", "Larissa", "Davi"], &["Almeida", "Ribeiro", "Araújo", "Teixeira"],
        &["Rua das Flores", "Avenida Brasil", "Rua do Sol"], false "#####-###"
        &[("São Paulo", Some("SP")), ("Curitiba", Some("PR"))], "+55119"),
];
