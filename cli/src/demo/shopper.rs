//! One shopper: what is known about a person, each thing following from others as it does in life.

use super::random::Random;
use super::words::{self, City};

/// The most days since somebody registered.
const REGISTERED_DAYS_MAX: f64 = 2_400.0;

/// What the tags of a shopper follow from.
pub(super) struct Shopper {
    pub(super) is_woman: bool,
    /// Not everyone tells.
    pub(super) age: Option<u32>,
    pub(super) city: City,
    pub(super) registered_days: u32,
    pub(super) login_days: u32,
    pub(super) has_children: bool,
    /// Nothing for those who never bought.
    pub(super) orders: Option<Orders>,
}

/// What a shopper bought.
pub(super) struct Orders {
    pub(super) count: u32,
    pub(super) count_90d: u32,
    pub(super) count_30d: u32,
    pub(super) first_days: u32,
    pub(super) last_days: u32,
    /// What the usual order costs, in cents.
    pub(super) basket_cents: u32,
    /// The same of the last 30 days, against the usual.
    pub(super) trend: f64,
}

impl Shopper {
    pub(super) fn of(random: &mut Random) -> Shopper {
        let is_woman = random.permille(580);
        let years = 16 + random.below(28) + random.below(22);
        let city = random.pick(&words::CITIES);
        let registered_days = (random.unit().powi(2) * REGISTERED_DAYS_MAX) as u32;
        // Three in ten have turned away at some time since; the others come back every few days.
        let login_days = if random.permille(300) {
            random.between(0, registered_days)
        } else {
            (random.exponential(6.0) as u32).min(registered_days)
        };
        let has_children = years >= 25 && random.permille(if years < 46 { 480 } else { 250 });
        let orders = Orders::of(random, registered_days, login_days, income(years, city));
        let age = (!random.permille(45)).then_some(years);
        Shopper { is_woman, age, city, registered_days, login_days, has_children, orders }
    }

    /// What was spent in all, in cents.
    pub(super) fn spend_cents(&self) -> u64 {
        self.orders.as_ref().map_or(0, |orders| u64::from(orders.count) * u64::from(orders.basket_cents))
    }

    /// What was spent in the last 30 days, in cents.
    pub(super) fn spend_30d_cents(&self) -> u64 {
        self.orders.as_ref().map_or(0, |orders| u64::from(orders.count_30d) * orders.basket_30d_cents())
    }

    /// What was spent in the last 90 days, in cents.
    pub(super) fn spend_90d_cents(&self) -> u64 {
        self.orders.as_ref().map_or(0, |orders| {
            u64::from(orders.count_90d - orders.count_30d) * u64::from(orders.basket_cents)
                + u64::from(orders.count_30d) * orders.basket_30d_cents()
        })
    }
}

impl Orders {
    fn of(random: &mut Random, registered_days: u32, login_days: u32, income: f64) -> Option<Orders> {
        // New ones look around first.
        let ever_bought = if registered_days < 14 { 380 } else { 760 };
        if !random.permille(ever_bought) {
            return None;
        }
        let first_days = registered_days - random.below(registered_days.min(45) + 1);
        let last_days = if random.permille(350) {
            first_days
        } else {
            (login_days + random.exponential(25.0) as u32).min(first_days)
        };
        let months = f64::from(first_days - last_days) / 30.0;
        let count = 1 + if first_days > last_days { 1 + random.exponential(months * 0.8) as u32 } else { 0 };
        let count_90d = recent(random, count, first_days, last_days, 90);
        let count_30d = recent(random, count_90d, first_days.min(90), last_days, 30);
        let basket_cents = (3_000.0 + random.exponential(19_000.0 * income)) as u32;
        let trend = 0.3 + random.unit() * 1.4;
        Some(Orders { count, count_90d, count_30d, first_days, last_days, basket_cents, trend })
    }

    /// What the usual order of the last 30 days costs, in cents.
    pub(super) fn basket_30d_cents(&self) -> u64 {
        (f64::from(self.basket_cents) * self.trend) as u64
    }
}

/// How many of `count` orders between two days ago fall into the last `days`.
fn recent(random: &mut Random, count: u32, first_days: u32, last_days: u32, days: u32) -> u32 {
    if last_days > days {
        return 0;
    }
    if first_days <= days {
        return count;
    }
    let expected = f64::from(count) * f64::from(days - last_days) / f64::from(first_days - last_days);
    ((expected * (0.6 + random.unit() * 0.8)) as u32).clamp(1, count)
}

/// How much more than others somebody can spend.
fn income(years: u32, city: City) -> f64 {
    let of_age = match years {
        0..22 => 0.5,
        22..30 => 0.9,
        30..50 => 1.4,
        _ => 1.0,
    };
    let of_city = match city.2 {
        "北京" | "上海" | "深圳" | "New York" | "London" | "Singapore" => 1.5,
        "广州" | "杭州" | "Paris" | "東京" | "San Francisco" => 1.25,
        _ => 1.0,
    };
    of_age * of_city
}
