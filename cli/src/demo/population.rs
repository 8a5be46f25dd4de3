//! Synthetic data: the population as a CSV file, written by all cores.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::civil::date;

use super::columns::{self, LIST_SEPARATOR};
use super::random::Random;
use super::shopper::Shopper;
use super::words::{self};

/// How many rows a thread writes at a time.
const CHUNK_ROWS: u64 = 16_384;
/// How many days back dates go.
const DAYS_BACK: i64 = 2_500;

/// The days up to the day of the story, newest first, as a file writes them.
struct Calendar(Vec<String>);

impl Calendar {
    fn new() -> Calendar {
        let (year, month, day) = super::TODAY;
        let today = date(year, month, day);
        Calendar((0..=DAYS_BACK).map(|ago| today.saturating_sub(jiff::Span::new().days(ago)).to_string()).collect())
    }

    fn ago(&self, days: u32) -> &str {
        &self.0[(days as usize).min(self.0.len() - 1)]
    }
}

/// Writes `rows` shoppers that follow from `seed`; returns how many bytes the file has.
pub(super) fn write(path: &Path, rows: u64, seed: u64) -> io::Result<u64> {
    let calendar = Calendar::new();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let header = columns::header();
    file.write_all(header.as_bytes())?;
    let mut bytes = header.len() as u64;
    let chunks: Vec<u64> = (0..rows).step_by(CHUNK_ROWS as usize).collect();
    for firsts in chunks.chunks(threads) {
        let calendar = &calendar;
        let texts: Vec<String> = std::thread::scope(|scope| {
            let writers: Vec<_> = firsts
                .iter()
                .map(|&first| scope.spawn(move || chunk(first, (first + CHUNK_ROWS).min(rows), seed, calendar)))
                .collect();
            let joined = writers.into_iter().map(|writer| writer.join());
            joined.collect::<Result<_, _>>().map_err(|_| io::Error::other("a thread of the population failed"))
        })?;
        for text in texts {
            bytes += text.len() as u64;
            file.write_all(text.as_bytes())?;
        }
    }
    file.into_inner()?.sync_data()?;
    Ok(bytes)
}

fn chunk(first: u64, end: u64, seed: u64, calendar: &Calendar) -> String {
    let mut row = Row { text: String::with_capacity((end - first) as usize * 400) };
    for number in first..end {
        let mut random = Random::of(seed, number);
        row.text.push_str(&format!("u{number:07}"));
        let shopper = Shopper::of(&mut random);
        person(&mut row, &shopper, &mut random);
        membership(&mut row, &shopper, &mut random, calendar);
        orders(&mut row, &shopper, &mut random, calendar);
        behaviour(&mut row, &shopper, &mut random);
        tastes(&mut row, &shopper, &mut random);
        flags(&mut row, &shopper, &mut random);
        predictions(&mut row, &shopper, &mut random);
        row.text.push('\n');
    }
    row.text
}

/// The fields of a line, each with the comma before it.
struct Row {
    text: String,
}

impl Row {
    fn text(&mut self, text: &str) {
        self.text.push(',');
        self.text.push_str(text);
    }

    fn none(&mut self) {
        self.text.push(',');
    }

    fn number(&mut self, number: impl Into<u64>) {
        self.text.push(',');
        self.digits(number.into(), 1);
    }

    /// A number with `scale` digits behind the point.
    fn decimal(&mut self, unscaled: u64, scale: u32) {
        self.text.push(',');
        let one = 10_u64.pow(scale);
        self.digits(unscaled / one, 1);
        self.text.push('.');
        self.digits(unscaled % one, scale as usize);
    }

    fn digits(&mut self, mut number: u64, at_least: usize) {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        while number > 0 || digits.len() - start < at_least {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.text.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    }

    fn flag(&mut self, is_set: bool) {
        self.text.push_str(if is_set { ",1" } else { "," });
    }

    fn list<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        for (index, value) in values.enumerate() {
            self.text.push(if index == 0 { ',' } else { LIST_SEPARATOR });
            self.text.push_str(value);
        }
    }

    /// A list that may be empty.
    fn some<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        let before = self.text.len();
        self.list(values);
        if self.text.len() == before {
            self.none();
        }
    }
}

fn person(row: &mut Row, shopper: &Shopper, random: &mut Random) {
    let (country, province, city) = shopper.city;
    row.text(if shopper.is_woman { "女" } else { "男" });
    match shopper.age {
        Some(age) => row.number(age),
        None => row.none(),
    }
    if random.permille(700) {
        row.number(random.between(1, 12))
    } else {
        row.none()
    }
    row.text(country);
    row.text(province);
    row.text(city);
    let language = words::LANGUAGES.iter().find(|(of, _)| *of == country).map_or("en", |(_, language)| *language);
    row.text(language);
    let occupation = match shopper.age {
        Some(0..23) => "学生",
        Some(60..) => "退休",
        _ => random.pick(&words::OCCUPATIONS),
    };
    if random.permille(620) {
        row.text(occupation)
    } else {
        row.none()
    }
    let family = match (shopper.has_children, shopper.age.unwrap_or(30)) {
        (true, _) => "已婚有孩",
        (false, 0..26) => "单身",
        (false, _) if random.permille(450) => "已婚",
        (false, _) => "单身",
    };
    if random.permille(780) { row.text(family) } else { row.none() }
}

fn membership(row: &mut Row, shopper: &Shopper, random: &mut Random, calendar: &Calendar) {
    let at_home = shopper.city.0 == "CN";
    row.text(calendar.ago(shopper.registered_days));
    row.text(if at_home { random.pick(&words::CHANNELS) } else { random.pick(&words::CHANNELS_ABROAD) });
    row.text(match shopper.spend_cents() {
        0..300_000 => "普通",
        300_000..1_000_000 => "银卡",
        1_000_000..3_000_000 => "金卡",
        3_000_000..10_000_000 => "铂金",
        _ => "黑卡",
    });
    if shopper.orders.is_some() {
        row.text(if at_home { random.pick(&words::PAYMENTS) } else { random.pick(&words::PAYMENTS_ABROAD) });
    } else {
        row.none();
    }
    row.flag(random.permille(if at_home { 880 } else { 540 }));
    row.flag(random.permille(if at_home { 310 } else { 830 }));
    let login = calendar.ago(shopper.login_days);
    row.text(login);
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    row.text(&format!("{login} {hour:02}:{minute:02}:{second:02}"));
}

fn orders(row: &mut Row, shopper: &Shopper, random: &mut Random, calendar: &Calendar) {
    let Some(orders) = &shopper.orders else {
        row.none();
        row.none();
        row.number(0_u32);
        row.number(0_u32);
        (0..6).for_each(|_| row.none());
        return;
    };
    row.text(calendar.ago(orders.first_days));
    row.text(calendar.ago(orders.last_days));
    row.number(orders.count);
    row.number(orders.count_90d);
    row.decimal(shopper.spend_cents().max(shopper.spend_90d_cents()), 2);
    row.decimal(shopper.spend_30d_cents(), 2);
    row.decimal(shopper.spend_90d_cents(), 2);
    if orders.count_30d > 0 {
        row.decimal(orders.basket_30d_cents(), 2)
    } else {
        row.none()
    }
    match orders.count_90d {
        0 => row.none(),
        count => row.decimal(shopper.spend_90d_cents() / u64::from(count), 2),
    }
    row.number(random.below(orders.count / 4 + 1));
}

fn behaviour(row: &mut Row, shopper: &Shopper, random: &mut Random) {
    let is_active = shopper.login_days <= 30;
    let login_days = if is_active { 1 + random.below(30 - shopper.login_days.min(29)) } else { 0 };
    row.number(login_days);
    let views = if shopper.login_days <= 7 { random.exponential(18.0) as u32 } else { 0 };
    row.number(views);
    row.number(views / 9);
    row.number(random.exponential(7.0) as u32);
    row.number(random.below(6));
    row.number(shopper.spend_cents() / 1_000 + u64::from(random.below(500)));
    // Few have a balance, some of them owe.
    match random.below(100) {
        0..9 => row.decimal(random.below(60_000).into(), 2),
        9..12 => {
            row.text.push_str(",-");
            let cents = u64::from(1 + random.below(20_000));
            row.digits(cents / 100, 1);
            row.text.push('.');
            row.digits(cents % 100, 2);
        }
        _ => row.none(),
    }
}

fn tastes(row: &mut Row, shopper: &Shopper, random: &mut Random) {
    let sporty = shopper.age.is_some_and(|age| age < 35);
    row.some(random.some(&words::INTERESTS, if sporty { 1.15 } else { 0.85 }));
    match &shopper.orders {
        Some(orders) => row.some(random.some(&words::CATEGORIES, 0.4 + f64::from(orders.count.min(12)) / 6.0)),
        None => row.none(),
    }
    row.some(random.some(&words::BRANDS, 0.9));
    row.some(random.some(&words::DEVICES, 1.0));
    row.some(random.some(&words::SUBSCRIPTIONS, 1.0));
    row.text(random.pick(&words::DAYPARTS));
}

fn flags(row: &mut Row, shopper: &Shopper, random: &mut Random) {
    let age = shopper.age.unwrap_or(35);
    let tenure = shopper.registered_days;
    let orders = shopper.orders.as_ref().map_or(0, |orders| orders.count);
    row.flag(age >= 22 && random.permille(430));
    row.flag(age < 35 && random.permille(260));
    row.flag(orders > 5 && random.permille(180));
    row.flag(random.permille(60));
    let took_part = |days_ago: u32, permille: u32, random: &mut Random| {
        tenure > days_ago && orders > 1 && random.permille(permille)
    };
    row.flag(took_part(365, 610, random));
    row.flag(took_part(334, 280, random));
    row.flag(took_part(146, 450, random));
    row.flag(shopper.city.0 != "CN" && took_part(348, 380, random));
    row.flag(shopper.spend_cents() > 2_000_000);
    row.flag(age < 24 && random.permille(820));
    row.flag(shopper.has_children);
    row.flag(age >= 25 && random.permille(310));
    row.flag(random.permille(170));
    row.flag(orders > 0 && random.permille(24));
    row.flag(orders > 3 && random.permille(31));
    row.flag(orders > 6 && random.permille(40));
    row.flag(random.permille(52));
}

fn predictions(row: &mut Row, shopper: &Shopper, random: &mut Random) {
    let away = f64::from(shopper.login_days.min(180)) / 180.0;
    let churn = (away * 0.8 + random.unit() * 0.2).min(0.999);
    row.decimal((churn * 1000.0) as u64, 3);
    row.decimal(((1.0 - churn) * (0.4 + random.unit() * 0.6) * 1000.0) as u64, 3);
    row.decimal((shopper.spend_90d_cents() as f64 * 4.0 * (1.0 - churn)) as u64, 2);
    row.text(random.pick(&[("low", 25), ("medium", 45), ("high", 30)]));
    let stage = match (shopper.registered_days, shopper.login_days, &shopper.orders) {
        (0..30, _, _) => "新客",
        (_, 180.., _) => "流失",
        (_, 60..180, _) => "沉睡",
        (_, _, None) => "潜客",
        (_, _, Some(orders)) if orders.count >= 8 => "忠诚",
        (_, _, Some(orders)) if orders.trend > 1.0 => "成长",
        _ => "成熟",
    };
    row.text(stage);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_file_whose_rows_have_every_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let bytes = write(&path, 20_000, 7).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.len() as u64, bytes);
        let fields = 1 + columns::COLUMNS.len();
        assert!(text.lines().all(|line| line.split(',').count() == fields), "commas stand between fields only");
        assert_eq!(text.lines().count(), 20_001);
        assert_eq!(chunk(3, 4, 7, &Calendar::new()).trim_end(), text.lines().nth(4).unwrap());
        write(&path, 100, 8).unwrap();
        assert_ne!(std::fs::read_to_string(&path).unwrap().lines().nth(1), text.lines().nth(1));
    }

    #[test]
    fn later_spend_is_part_of_earlier_spend() {
        for number in 0..5_000 {
            let shopper = Shopper::of(&mut Random::of(1, number));
            assert!(shopper.spend_30d_cents() <= shopper.spend_90d_cents());
            if let Some(orders) = &shopper.orders {
                assert!(orders.count_30d <= orders.count_90d && orders.count_90d <= orders.count);
                assert!(orders.last_days <= orders.first_days && orders.first_days <= shopper.registered_days);
            }
        }
    }
}
