//! The columns of the population's file: which tag each sets, and what is said about the tag.

/// The entity type.
pub(super) const TYPE: &str = "shoppers";
/// The column of the key.
pub(super) const KEY: &str = "customer";
/// What stands between the values of a set.
pub(super) const LIST_SEPARATOR: char = '|';

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// The tag's second name.
    pub(super) label: &'static str,
    pub(super) unit: &'static str,
}

const fn column(name: &'static str, kind: &'static str, label: &'static str, unit: &'static str) -> Column {
    Column { name, kind, label, unit }
}

/// All columns but the key, in the order of the file.
pub(super) const COLUMNS: [Column; 62] = [
    column("性别", "choice", "gender", ""),
    column("年龄", "int", "age", "years"),
    column("生日月份", "int", "birth_month", ""),
    column("国家", "choice", "country", ""),
    column("省份", "choice", "province", ""),
    column("城市", "choice", "city", ""),
    column("语言", "choice", "language", ""),
    column("职业", "choice", "occupation", ""),
    column("婚育", "choice", "family", ""),
    column("注册日期", "date", "registered", ""),
    column("注册渠道", "choice", "signup_channel", ""),
    column("会员等级", "choice", "tier", ""),
    column("支付方式", "choice", "payment", ""),
    column("手机号已验证", "flag", "phone_verified", ""),
    column("邮箱已验证", "flag", "email_verified", ""),
    column("最近登录日", "date", "last_login", ""),
    column("最近活动时间", "time", "last_seen", ""),
    column("首购日", "date", "first_order", ""),
    column("最近交易日", "date", "last_order", ""),
    column("订单数", "int", "orders", ""),
    column("订单数_90d", "int", "orders_90d", ""),
    column("消费金额", "decimal(2)", "spend", "CNY"),
    column("消费金额_30d", "decimal(2)", "spend_30d", "CNY"),
    column("消费金额_90d", "decimal(2)", "spend_90d", "CNY"),
    column("客单价_30d", "decimal(2)", "basket_30d", "CNY"),
    column("客单价_90d", "decimal(2)", "basket_90d", "CNY"),
    column("退货数", "int", "returns", ""),
    column("登录天数_30d", "int", "login_days_30d", "days"),
    column("浏览数_7d", "int", "views_7d", ""),
    column("加购数_7d", "int", "carts_7d", ""),
    column("收藏数", "int", "wishlist", ""),
    column("优惠券", "int", "coupons", ""),
    column("积分", "int", "points", ""),
    column("余额", "decimal(2)", "balance", "CNY"),
    column("兴趣", "set", "interests", ""),
    column("购买品类", "set", "categories", ""),
    column("品牌", "set", "brands", ""),
    column("设备", "set", "devices", ""),
    column("订阅", "set", "subscriptions", ""),
    column("偏好时段", "choice", "daypart", ""),
    column("持有.信用卡", "flag", "holds.credit_card", ""),
    column("持有.分期付款", "flag", "holds.instalments", ""),
    column("持有.年卡", "flag", "holds.annual_pass", ""),
    column("持有.礼品卡", "flag", "holds.gift_card", ""),
    column("活动.双十一", "flag", "campaign.double_eleven", ""),
    column("活动.双十二", "flag", "campaign.double_twelve", ""),
    column("活动.年中大促", "flag", "campaign.mid_year", ""),
    column("活动.黑五", "flag", "campaign.black_friday", ""),
    column("vip", "flag", "", ""),
    column("学生", "flag", "student", ""),
    column("有孩子", "flag", "has_children", ""),
    column("车主", "flag", "car_owner", ""),
    column("养宠", "flag", "pet_owner", ""),
    column("投诉过", "flag", "has_complained", ""),
    column("风险.羊毛党", "flag", "risk.bargain_hunter", ""),
    column("风险.高退货", "flag", "risk.many_returns", ""),
    column("退订", "flag", "unsubscribed", ""),
    column("流失概率", "decimal(3)", "churn", ""),
    column("购买倾向", "decimal(3)", "propensity", ""),
    column("预测价值_12m", "decimal(2)", "value_12m", "CNY"),
    column("价格敏感", "choice", "price_sensitivity", ""),
    column("生命周期", "choice", "stage", ""),
];

/// The first line of the file.
pub(super) fn header() -> String {
    let names: Vec<&str> = std::iter::once(KEY).chain(COLUMNS.iter().map(|column| column.name)).collect();
    format!("{}\n", names.join(","))
}

/// The mapping; `tag_of` may send a column to another tag.
pub(super) fn mapping(tag_of: impl Fn(&'static str) -> &'static str) -> String {
    let mut toml = format!("type = \"{TYPE}\"\nkey = {{ column = \"{KEY}\", kind = \"string\" }}\ncolumns = [\n");
    for column in &COLUMNS {
        let tag = tag_of(column.name);
        let tag = if tag == column.name { String::new() } else { format!(", tag = \"{tag}\"") };
        let list =
            if column.kind == "set" { format!(", list_separator = \"{LIST_SEPARATOR}\"") } else { String::new() };
        toml.push_str(&format!("  {{ column = \"{}\", kind = \"{}\"{tag}{list} }},\n", column.name, column.kind));
    }
    toml.push_str("]\n");
    toml
}
