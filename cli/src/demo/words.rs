//! What shoppers can be, like and buy, and how often.

/// A city: its country, province and name.
pub(super) type City = (&'static str, &'static str, &'static str);

/// Where shoppers live.
pub(super) const CITIES: [(City, u32); 34] = [
    (("CN", "北京", "北京"), 95),
    (("CN", "上海", "上海"), 100),
    (("CN", "广东", "广州"), 70),
    (("CN", "广东", "深圳"), 72),
    (("CN", "浙江", "杭州"), 52),
    (("CN", "四川", "成都"), 50),
    (("CN", "重庆", "重庆"), 40),
    (("CN", "湖北", "武汉"), 38),
    (("CN", "陕西", "西安"), 34),
    (("CN", "江苏", "苏州"), 33),
    (("CN", "江苏", "南京"), 33),
    (("CN", "天津", "天津"), 28),
    (("CN", "湖南", "长沙"), 27),
    (("CN", "河南", "郑州"), 26),
    (("CN", "山东", "青岛"), 24),
    (("CN", "福建", "厦门"), 20),
    (("CN", "辽宁", "大连"), 18),
    (("CN", "云南", "昆明"), 17),
    (("CN", "黑龙江", "哈尔滨"), 15),
    (("CN", "海南", "三亚"), 7),
    (("CN", "新疆", "乌鲁木齐"), 6),
    (("CN", "西藏", "拉萨"), 2),
    (("SG", "", "Singapore"), 26),
    (("GB", "England", "London"), 28),
    (("GB", "England", "Manchester"), 9),
    (("US", "New York", "New York"), 24),
    (("US", "California", "San Francisco"), 14),
    (("DE", "Berlin", "Berlin"), 16),
    (("DE", "Bayern", "München"), 9),
    (("FR", "Île-de-France", "Paris"), 17),
    (("FR", "Auvergne-Rhône-Alpes", "Lyon"), 5),
    (("JP", "東京都", "東京"), 20),
    (("JP", "大阪府", "大阪"), 9),
    (("AU", "New South Wales", "Sydney"), 12),
];
/// The language of each country.
pub(super) const LANGUAGES: [(&str, &str); 8] =
    [("CN", "zh"), ("SG", "en"), ("GB", "en"), ("US", "en"), ("DE", "de"), ("FR", "fr"), ("JP", "ja"), ("AU", "en")];
/// Where shoppers of China first came from.
pub(super) const CHANNELS: [(&str, u32); 7] =
    [("抖音", 28), ("微信", 26), ("小红书", 18), ("应用商店", 12), ("线下门店", 7), ("百度", 6), ("好友推荐", 3)];
/// Where shoppers of other countries first came from.
pub(super) const CHANNELS_ABROAD: [(&str, u32); 5] =
    [("Google", 36), ("Instagram", 30), ("TikTok", 20), ("App Store", 10), ("Referral", 4)];
/// How shoppers of China pay.
pub(super) const PAYMENTS: [(&str, u32); 4] = [("支付宝", 48), ("微信支付", 41), ("银行卡", 8), ("货到付款", 3)];
/// How others do.
pub(super) const PAYMENTS_ABROAD: [(&str, u32); 4] = [("Card", 52), ("PayPal", 30), ("Apple Pay", 15), ("Invoice", 3)];
/// What shoppers do for a living.
pub(super) const OCCUPATIONS: [(&str, u32); 9] = [
    ("白领", 30),
    ("工程师", 14),
    ("教师", 8),
    ("医护", 6),
    ("个体户", 12),
    ("公务员", 7),
    ("自由职业", 9),
    ("工人", 10),
    ("退休", 4),
];
/// When shoppers come.
pub(super) const DAYPARTS: [(&str, u32); 5] = [("凌晨", 4), ("早晨", 14), ("午间", 22), ("下午", 18), ("晚间", 42)];
/// What shoppers like, so many in a thousand.
pub(super) const INTERESTS: [(&str, u32); 22] = [
    ("美食", 310),
    ("旅行", 260),
    ("健身", 150),
    ("瑜伽", 90),
    ("滑雪", 35),
    ("高尔夫", 18),
    ("跑步", 120),
    ("足球", 110),
    ("篮球", 95),
    ("游戏", 240),
    ("动漫", 130),
    ("音乐", 210),
    ("阅读", 140),
    ("摄影", 70),
    ("园艺", 45),
    ("烘焙", 80),
    ("美妆", 230),
    ("时尚", 220),
    ("数码", 190),
    ("汽车", 85),
    ("母婴", 105),
    ("宠物", 115),
];
/// What shoppers have bought, so many in a thousand.
pub(super) const CATEGORIES: [(&str, u32); 20] = [
    ("女装", 260),
    ("男装", 190),
    ("童装", 85),
    ("鞋靴", 210),
    ("箱包", 90),
    ("美妆", 215),
    ("护肤", 235),
    ("手机", 75),
    ("电脑", 40),
    ("家电", 80),
    ("家居", 170),
    ("零食", 330),
    ("生鲜", 180),
    ("酒水", 70),
    ("母婴用品", 95),
    ("宠物用品", 88),
    ("图书", 110),
    ("瑜伽服", 42),
    ("户外装备", 48),
    ("滑雪装备", 14),
];
/// Which brands shoppers follow, so many in a thousand.
pub(super) const BRANDS: [(&str, u32); 16] = [
    ("Nike", 160),
    ("Adidas", 130),
    ("Apple", 190),
    ("Huawei", 150),
    ("Xiaomi", 140),
    ("Uniqlo", 170),
    ("Zara", 85),
    ("李宁", 95),
    ("安踏", 90),
    ("完美日记", 60),
    ("兰蔻", 75),
    ("雅诗兰黛", 68),
    ("lululemon", 40),
    ("The North Face", 38),
    ("Dyson", 33),
    ("LEGO", 52),
];
/// What shoppers use, so many in a thousand.
pub(super) const DEVICES: [(&str, u32); 5] =
    [("Android", 610), ("iOS", 380), ("小程序", 450), ("Web", 220), ("iPad", 90)];
/// How shoppers may be reached, so many in a thousand.
pub(super) const SUBSCRIPTIONS: [(&str, u32); 4] = [("push", 540), ("sms", 480), ("email", 260), ("wechat", 420)];
