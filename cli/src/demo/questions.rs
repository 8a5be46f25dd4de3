//! What a marketer asks.

/// One question and how it is asked.
pub(super) struct Question {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

const fn question(title: &'static str, text: &'static str) -> Question {
    Question { title, text }
}

/// The name of the audience that no campaign may reach.
pub(super) const SUPPRESSED: &str = "全局抑制";
/// What it selects.
pub(super) const SUPPRESSED_TEXT: &str = "退订 OR 投诉过 OR 风险.*";

/// The story.
pub(super) const QUESTIONS: [Question; 12] = [
    question(
        "Young women of the three big cities · 三大城市的年轻女性",
        "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 IN (北京, 上海, 广州)",
    ),
    question("Dormant for 90 days · 沉睡九十天", "last_order <= today - 90d AND last_login <= today - 90d"),
    question(
        "Registered within the week and never bought · 七天内注册、从未下单",
        "注册日期 IN LAST 7d AND 最近交易日 IS MISSING",
    ),
    question("Silent high value · 沉默的高价值客户", "消费金额 >= 1万 且 最近登录日 <= 今天 - 60 天 且 非 风险.羊毛党"),
    question("Baskets that shrink by half · 客单价腰斩", "客单价_30d < 客单价_90d * 0.5"),
    question("First order within a week of registering · 注册一周内首购", "首购日 - 注册日期 <= 7d"),
    question(
        "Two of three signs of yoga · 瑜伽人群（三中二）",
        "AT LEAST 2 OF (兴趣 HAS 瑜伽, 购买品类 HAS 瑜伽服, 品牌 HAS lululemon)",
    ),
    question("Exactly one product held · 只持有一种产品", "EXACTLY 1 OF 持有.*"),
    question(
        "Sports brands abroad, reachable by e-mail · 海外运动品牌粉丝",
        "country != CN AND brands HAS ANY (Nike, Adidas, 'The North Face') AND subscriptions HAS email",
    ),
    question(
        "Ready to come back, and may be asked · 可召回人群",
        "生命周期 = 沉睡 AND 购买倾向 >= 0.4 AND 订阅 HAS ANY (push, wechat) EXCEPT @全局抑制",
    ),
    question(
        "Half of them for the coupon, for ever the same half · 优惠券实验组",
        "(注册渠道 = 抖音 OR 注册渠道 = 小红书) AND split('exp_coupon', [0%, 50%))",
    ),
    question(
        "A narrow campaign · 一个很窄的活动",
        "性别 = 女 AND 城市 IN (北京, 上海) AND 兴趣 HAS 滑雪 AND 购买品类 HAS 滑雪装备 AND 会员等级 IN (金卡, 铂金, 黑卡)",
    ),
];

/// The question whose conditions are weighed.
pub(super) const NARROW: &str = QUESTIONS[11].text;
/// The audience that is divided, and by what.
pub(super) const DIVIDED: (&str, &str) = (QUESTIONS[3].text, "城市");
/// The number whose quantiles are shown, and of whom.
pub(super) const MEASURED: (&str, &str) = ("vip", "消费金额");

/// What to try in the shell.
pub(super) const SUGGESTIONS: [&str; 5] = [
    "性别 = 女 AND 年龄 < 30 AND 兴趣 HAS 滑雪",
    "\\breakdown 会员等级 最近登录日 <= today - 60d",
    "\\members vip AND city = Singapore --limit 5 --with 年龄,消费金额,最近交易日",
    "\\why u0000042 gender = 女 AND age < 30",
    "\\explain --analyze 活动.双十一 AND 消费金额_30d = 0 AND 订阅 HAS push",
];
