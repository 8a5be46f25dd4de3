//! The catalog against a naive model, its bytes, and what it refuses.

use std::collections::BTreeSet;

use super::*;
use crate::error::ErrorKind;

fn applied(catalog: &Catalog, change: CatalogChange) -> Catalog {
    let record = catalog.resolve(&change).unwrap();
    catalog.apply(&record).unwrap()
}

fn refused(catalog: &Catalog, change: CatalogChange) -> Error {
    catalog.resolve(&change).unwrap_err()
}

fn create_type(name: &str) -> CatalogChange {
    CatalogChange::CreateType { name: name.into(), key: KeyKind::String, label: None, description: String::new() }
}

fn create_tag(name: &str, kind: TagKind) -> CatalogChange {
    CatalogChange::CreateTag(Box::new(TagSpec::new("users", name, kind)))
}

fn drop_tag(name: &str, force: bool) -> CatalogChange {
    CatalogChange::DropTag { type_name: "users".into(), name: name.into(), force }
}

fn rename_tag(name: &str, new_name: &str) -> CatalogChange {
    CatalogChange::RenameTag { type_name: "users".into(), name: name.into(), new_name: new_name.into() }
}

fn label_tag(name: &str, label: &str) -> CatalogChange {
    CatalogChange::ChangeTag {
        type_name: "users".into(),
        name: name.into(),
        change: Box::new(TagChange { label: Some(label.into()), ..TagChange::default() }),
    }
}

fn save(name: &str, stored: &str, tags: &[TagId], audiences: &[AudienceUse]) -> CatalogChange {
    CatalogChange::SaveAudience(Box::new(AudienceSpec {
        type_name: "users".into(),
        name: name.into(),
        stored: stored.into(),
        tags_used: tags.to_vec(),
        audiences_used: audiences.to_vec(),
        description: None,
        owner: None,
        now_ms: 7,
    }))
}

fn drop_audience(name: &str, force: bool) -> CatalogChange {
    CatalogChange::DropAudience { type_name: "users".into(), name: name.into(), force }
}

fn users() -> (Catalog, TypeId) {
    let catalog = applied(&Catalog::empty(), create_type("users"));
    let id = catalog.type_named("users").unwrap().id;
    (catalog, id)
}

fn latest(id: AudienceId) -> AudienceUse {
    AudienceUse { id, version: None }
}

#[test]
fn a_dropped_name_comes_back_with_another_id() {
    let (catalog, users) = users();
    let catalog = applied(&catalog, create_tag("年龄", TagKind::Int));
    let old = catalog.tag_named(users, "年龄").unwrap().id;
    let catalog = applied(&catalog, drop_tag("年龄", false));
    assert!(catalog.is_dropped(old) && catalog.tag_named(users, "年龄").is_none());
    let reopened = Catalog::decode(&catalog.encode()).unwrap();
    let catalog = applied(&reopened, create_tag("年龄", TagKind::Date));
    let new = catalog.tag_named(users, "年龄").unwrap();
    assert!(new.id > old && new.kind == TagKind::Date);
}

#[test]
fn a_path_and_its_prefix_are_two_tags() {
    let (catalog, users) = users();
    let mut catalog = catalog;
    for name in ["兴趣", "兴趣.体育", "兴趣.体育.足球", "兴趣2.a", "a"] {
        catalog = applied(&catalog, create_tag(name, TagKind::Flag));
    }
    let below = |prefix| -> Vec<&str> {
        let tags = catalog.tags_below(users, prefix);
        tags.map(|tag| tag.name.as_str()).collect()
    };
    assert_eq!(below("兴趣"), ["兴趣.体育", "兴趣.体育.足球"]);
    assert_eq!(below("兴趣.体育"), ["兴趣.体育.足球"]);
    assert!(below("a").is_empty());
    assert_eq!(catalog.tags_of(users).count(), 5);
}

#[test]
fn names_and_labels_never_collide() {
    let (catalog, users) = users();
    let catalog = applied(&catalog, create_tag("性别", TagKind::Choice));
    let catalog = applied(&catalog, label_tag("性别", "gender"));
    assert_eq!(catalog.tag_named(users, "ｇｅｎｄｅｒ").unwrap().name, "性别");
    let taken = refused(&catalog, create_tag("gender", TagKind::Int));
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    assert_eq!(taken.message(), "tag `性别` with the label `gender` exists, as choice");
    let catalog = applied(&catalog, create_tag("sex", TagKind::Int));
    for change in [label_tag("sex", "gender"), label_tag("sex", "性别"), rename_tag("sex", "gender")] {
        assert_eq!(refused(&catalog, change).kind(), ErrorKind::Conflict);
    }
    // A tag may take its own label as its name.
    let catalog = applied(&catalog, rename_tag("性别", "gender"));
    let tag = catalog.tag_named(users, "gender").unwrap();
    assert_eq!((tag.name.as_str(), &tag.label), ("gender", &None));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let (catalog, users) = users();
    let catalog = applied(&catalog, create_tag("country", TagKind::Choice));
    let error = catalog.require_tag(users, "contry").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.message(), "there is no tag `contry`; did you mean `country`?");
    let error = catalog.require_type("user").unwrap_err();
    assert!(error.message().ends_with("did you mean `users`?"));
    assert_eq!(catalog.require_tag(users, "zzzzzz").unwrap_err().message(), "there is no tag `zzzzzz`");
}

#[test]
fn what_an_audience_uses_goes_only_with_force() {
    let (catalog, users) = users();
    let catalog = applied(&catalog, create_tag("vip", TagKind::Flag));
    let vip = catalog.tag_named(users, "vip").unwrap().id;
    let catalog = applied(&catalog, save("best", "#2", &[vip], &[]));
    let best = catalog.audience_named(users, "best").unwrap().id;
    let catalog = applied(&catalog, save("most", "@1", &[], &[latest(best)]));
    assert!(refused(&catalog, drop_tag("vip", false)).message().contains("`@best`"));
    assert!(refused(&catalog, drop_audience("best", false)).message().contains("`@most`"));
    let forced = applied(&catalog, drop_tag("vip", true));
    assert!(forced.audience_named(users, "best").is_some());
    let forced = applied(&forced, drop_audience("best", true));
    assert_eq!(forced.audiences_of(users).count(), 1);
    let whole = CatalogChange::DropType { name: "users".into(), force: false };
    assert_eq!(refused(&catalog, whole).kind(), ErrorKind::Conflict);
}

#[test]
fn audiences_do_not_lead_back_to_themselves() {
    let (catalog, users) = users();
    let catalog = applied(&catalog, save("a", "1", &[], &[]));
    let a = catalog.audience_named(users, "a").unwrap().id;
    let catalog = applied(&catalog, save("b", "2", &[], &[latest(a)]));
    let b = catalog.audience_named(users, "b").unwrap().id;
    for used in [latest(a), latest(b)] {
        let error = refused(&catalog, save("a", "3", &[], &[used]));
        assert!(error.message().contains("use itself"), "{error}");
    }
    // An older version of itself is no way back.
    let pinned = AudienceUse { id: a, version: Some(1) };
    let catalog = applied(&catalog, save("a", "3", &[], &[pinned]));
    assert_eq!(catalog.audience(a).unwrap().latest().version, 2);
    let gone = AudienceUse { id: a, version: Some(9) };
    assert_eq!(refused(&catalog, save("c", "4", &[], &[gone])).kind(), ErrorKind::NotFound);
}

#[test]
fn versions_rise_and_pinned_ones_stay() {
    let (mut catalog, users) = users();
    catalog = applied(&catalog, save("a", "v1", &[], &[]));
    let a = catalog.audience_named(users, "a").unwrap().id;
    let pinned = AudienceUse { id: a, version: Some(1) };
    catalog = applied(&catalog, save("pins", "@1:v1", &[], &[pinned]));
    for number in 2..=limits::AUDIENCE_VERSIONS_MAX + 10 {
        catalog = applied(&catalog, save("a", &format!("v{number}"), &[], &[]));
        catalog = applied(&catalog, save("a", &format!("v{number}"), &[], &[]));
    }
    let audience = catalog.audience(a).unwrap();
    assert_eq!(audience.versions.len(), limits::AUDIENCE_VERSIONS_MAX);
    assert_eq!(audience.latest().version as usize, limits::AUDIENCE_VERSIONS_MAX + 10);
    assert_eq!(catalog.audience_version(pinned).unwrap().stored, "v1");
    assert!(audience.version(2).is_none());
    let types = Catalog::decode(&catalog.encode()).unwrap();
    assert_eq!(types.decode_audiences(&catalog.encode_audiences()).unwrap(), catalog);
}

#[test]
fn declared_values_are_distinct_and_their_parents_a_forest() {
    let (catalog, users) = users();
    let declared = |list: &[(&str, &str, &str)]| -> Vec<DeclaredValue> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let one = |(value, label, parent): &(&str, &str, &str)| DeclaredValue {
            value: (*value).into(),
            label: some(label),
            parent: some(parent),
        };
        list.iter().map(one).collect()
    };
    let city = |values| {
        let mut spec = TagSpec::new("users", "city", TagKind::Choice);
        spec.closed_values = true;
        spec.values = values;
        CatalogChange::CreateTag(Box::new(spec))
    };
    for bad in [
        &[("a", "", ""), ("a", "", "")][..],
        &[("a", "b", ""), ("b", "", "")],
        &[("a", "", "b"), ("b", "", "a")],
        &[("a", "", "a")],
        &[("a", "", "z")],
    ] {
        assert_eq!(refused(&catalog, city(declared(bad))).kind(), ErrorKind::Invalid, "{bad:?}");
    }
    let good = declared(&[("310100", "上海", "31"), ("31", "", "")]);
    let catalog = applied(&catalog, city(good));
    let tag = catalog.tag_named(users, "city").unwrap();
    assert_eq!(tag.value_written("上海"), "310100");
    assert!(tag.allows_value("31") && !tag.allows_value("上海"));
    assert_eq!(Catalog::decode(&catalog.encode()).unwrap(), catalog);
}

/// A small generator, so that a printed seed gives the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// What the naive model knows of a tag: id, type, name, label.
type NaiveTag = (TagId, TypeId, String, Option<String>);

const NAMES: [&str; 7] = ["a", "a.b", "a.b.c", "b", "兴趣", "兴趣.体育", "x"];
const TYPE_NAMES: [&str; 3] = ["users", "devices", "会员"];

fn random_change(dice: &mut Dice) -> CatalogChange {
    let type_name = TYPE_NAMES[dice.roll(3)].to_owned();
    let name = NAMES[dice.roll(NAMES.len())].to_owned();
    let new_name = NAMES[dice.roll(NAMES.len())].to_owned();
    let force = dice.roll(2) == 0;
    match dice.roll(12) {
        0 => create_type(&type_name),
        1 if dice.roll(6) == 0 => CatalogChange::DropType { name: type_name, force },
        1..=4 => CatalogChange::CreateTag(Box::new(TagSpec::new(type_name, name, TagKind::Set))),
        5 => CatalogChange::RenameTag { type_name, name, new_name },
        6 => CatalogChange::DropTag { type_name, name, force },
        7 => CatalogChange::ChangeTag {
            type_name,
            name,
            change: Box::new(TagChange {
                label: Some(if dice.roll(4) == 0 { String::new() } else { new_name }),
                description: Some(format!("{}", dice.roll(100))),
                ..TagChange::default()
            }),
        },
        8 | 9 => CatalogChange::SaveAudience(Box::new(AudienceSpec {
            type_name,
            name,
            stored: format!("{}", dice.roll(5)),
            tags_used: vec![TagId(1 + dice.roll(9) as u32)],
            audiences_used: (0..dice.roll(3)).map(|_| latest(AudienceId(1 + dice.roll(4) as u32))).collect(),
            description: None,
            owner: None,
            now_ms: 1,
        })),
        10 => CatalogChange::RenameAudience { type_name, name, new_name },
        _ => CatalogChange::DropAudience { type_name, name, force },
    }
}

/// The model follows a record and is searched by walking through everything.
fn follow(model: &mut Vec<NaiveTag>, record: &CatalogRecord) {
    match record {
        CatalogRecord::PutTag(tag) => {
            model.retain(|(id, ..)| *id != tag.id);
            model.push((tag.id, tag.type_id, tag.name.clone(), tag.label.clone()));
        }
        CatalogRecord::DropTag(dropped) => model.retain(|(id, ..)| id != dropped),
        CatalogRecord::DropType(dropped) => model.retain(|(_, type_id, ..)| type_id != dropped),
        _ => {}
    }
}

fn check_against(model: &[NaiveTag], catalog: &Catalog) {
    for entity_type in catalog.types() {
        for name in NAMES {
            let named = |tag: &&NaiveTag| tag.1 == entity_type.id && (tag.2 == name || tag.3.as_deref() == Some(name));
            let expected: Vec<TagId> = model.iter().filter(named).map(|tag| tag.0).collect();
            assert!(expected.len() <= 1, "two tags answer to {name}");
            let found = catalog.tag_named(entity_type.id, name).map(|tag| tag.id);
            assert_eq!(found, expected.first().copied());
        }
        let mut names: Vec<&str> =
            model.iter().filter(|tag| tag.1 == entity_type.id).map(|tag| tag.2.as_str()).collect();
        names.sort_unstable();
        let found: Vec<&str> = catalog.tags_of(entity_type.id).map(|tag| tag.name.as_str()).collect();
        assert_eq!(found, names);
    }
}

#[test]
fn histories_agree_with_a_naive_model() {
    let mut accepted = 0;
    for seed in 0..60 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let mut catalog = Catalog::empty();
        let mut model = Vec::new();
        let (mut records, mut given) = (Vec::new(), BTreeSet::new());
        for _ in 0..150 {
            let Ok(record) = catalog.resolve(&random_change(&mut dice)) else {
                continue;
            };
            assert_eq!(CatalogRecord::decode(&record.encode()).unwrap(), record);
            if let CatalogRecord::PutTag(tag) = &record {
                let is_old = catalog.tag(tag.id).is_some();
                assert_eq!(given.insert(tag.id), !is_old, "tag {} was given before", tag.id);
            }
            catalog = catalog.apply(&record).unwrap();
            follow(&mut model, &record);
            check_against(&model, &catalog);
            records.push(record);
            if dice.roll(10) == 0 {
                let types = Catalog::decode(&catalog.encode()).unwrap();
                let reopened = types.decode_audiences(&catalog.encode_audiences()).unwrap();
                assert_eq!(reopened, catalog);
                catalog = reopened;
            }
        }
        accepted += records.len();
        let replayed = records.iter().fold(Catalog::empty(), |catalog, record| catalog.apply(record).unwrap());
        assert_eq!(replayed, catalog);
    }
    assert!(accepted > 60 * 40, "only {accepted} changes were accepted");
}

/// A catalog with one of everything, small enough to flip every bit of.
fn one_of_everything() -> Catalog {
    let (catalog, users) = users();
    let mut spec = TagSpec::new("users", "城市", TagKind::Choice);
    spec.label = Some("city".into());
    spec.layer = Some(Layer::Base);
    spec.sensitivity = Some(Sensitivity::Private);
    spec.time_to_live_days = Some(30);
    spec.values = vec![DeclaredValue { value: "1".into(), label: Some("一".into()), parent: None }];
    let catalog = applied(&catalog, CatalogChange::CreateTag(Box::new(spec)));
    let catalog = applied(&catalog, create_tag("price", TagKind::Decimal { scale: 2 }));
    let city = catalog.tag_named(users, "city").unwrap().id;
    applied(&catalog, save("aud", "#2 = '1'", &[city], &[]))
}

#[test]
fn every_flipped_bit_and_every_truncation_is_corrupt() {
    let catalog = one_of_everything();
    let (types, audiences) = (catalog.encode(), catalog.encode_audiences());
    let is_corrupt = |result: Result<Catalog>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Corrupt);
    };
    for (bytes, is_types) in [(&types, true), (&audiences, false)] {
        let open = |bytes: &[u8]| match is_types {
            true => Catalog::decode(bytes),
            false => catalog.decode_audiences(bytes),
        };
        assert!(open(bytes).is_ok());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            is_corrupt(open(&flipped));
        }
        for len in 0..bytes.len() {
            is_corrupt(open(&bytes[..len]));
        }
        let mut longer = bytes.clone();
        longer.push(0);
        is_corrupt(open(&longer));
    }
}

#[test]
fn damaged_records_never_panic_and_what_decodes_encodes_to_the_same_bytes() {
    let mut dice = Dice(99);
    let catalog = one_of_everything();
    let spec = TagSpec::new("users", "t", TagKind::Int);
    let seeds = [
        catalog.resolve(&create_type("devices")).unwrap(),
        catalog.resolve(&CatalogChange::CreateTag(Box::new(spec))).unwrap(),
        dated(&catalog, "dated"),
        catalog.resolve(&save("aud", "#3 = 1", &[TagId(3)], &[])).unwrap(),
    ];
    for _ in 0..20_000 {
        let mut bytes = seeds[dice.roll(seeds.len())].encode();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(bytes.len());
            bytes[at] = dice.roll(256) as u8;
        }
        bytes.truncate(bytes.len() - dice.roll(3).min(bytes.len()));
        if let Ok(record) = CatalogRecord::decode(&bytes) {
            assert_eq!(record.encode(), bytes);
            let _ = catalog.apply(&record);
        }
        let noise: Vec<u8> = (0..dice.roll(60)).map(|_| dice.roll(256) as u8).collect();
        if let Ok(record) = CatalogRecord::decode(&noise) {
            assert_eq!(record.encode(), noise);
        }
        assert!(Catalog::decode(&noise).is_err());
    }
}

#[test]
fn damage_under_a_right_checksum_never_panics() {
    let mut dice = Dice(7);
    let catalog = one_of_everything();
    let dated = catalog.apply(&dated(&catalog, "dated")).unwrap();
    let wholes = [catalog.encode(), catalog.encode_audiences(), dated.encode()];
    for _ in 0..20_000 {
        let whole = &wholes[dice.roll(3)];
        let mut body = whole[format::HEADER_BYTES..].to_vec();
        for _ in 0..=dice.roll(3) {
            let at = dice.roll(body.len());
            body[at] = dice.roll(256) as u8;
        }
        let magic: [u8; 8] = whole[..8].try_into().unwrap();
        let version = u32::from(whole[8]);
        let damaged = format::framed(magic, version, &body);
        if let Ok(decoded) = Catalog::decode(&damaged) {
            assert_eq!(decoded.encode(), damaged);
        }
        if let Ok(decoded) = catalog.decode_audiences(&damaged) {
            assert_eq!(decoded.encode_audiences(), damaged);
        }
    }
}

/// A new tag with a time to live.
fn dated(catalog: &Catalog, name: &str) -> CatalogRecord {
    let mut spec = TagSpec::new("users", name, TagKind::Flag);
    spec.time_to_live_days = Some(30);
    let record = catalog.resolve(&CatalogChange::CreateTag(Box::new(spec))).unwrap();
    catalog.with_write_dates(record, 20_000).unwrap()
}

#[test]
fn dates_of_writes_have_a_number_of_their_own_and_no_name() {
    let (catalog, users) = users();
    let before = catalog.clone();
    let catalog = catalog.apply(&dated(&catalog, "seen")).unwrap();
    let seen = catalog.tag_named(users, "seen").unwrap();
    let dates = seen.write_dates.unwrap();
    assert_eq!((dates.tag.0, dates.since), (seen.id.0 + 1, 20_000));
    assert_eq!(catalog.tag(dates.tag), None);
    assert_eq!(catalog.tag_dated_by(dates.tag), Some(seen));
    assert_eq!(catalog.owner_of(dates.tag), Some(users));
    assert_eq!(catalog.tags_of(users).count(), before.tags_of(users).count() + 1);
    assert_eq!(Catalog::decode(&catalog.encode()).unwrap(), catalog);

    // Another time to live keeps the dates; none gives their number up for good.
    let change = |days| CatalogChange::ChangeTag {
        type_name: "users".into(),
        name: "seen".into(),
        change: Box::new(TagChange { time_to_live_days: Some(days), ..TagChange::default() }),
    };
    let changed = |catalog: &Catalog, days, today| {
        let record = catalog.resolve(&change(days)).unwrap();
        catalog.apply(&catalog.with_write_dates(record, today).unwrap()).unwrap()
    };
    let longer = changed(&catalog, Some(60), 20_001);
    assert_eq!(longer.tag_named(users, "seen").unwrap().write_dates, Some(dates));
    let never = changed(&longer, None, 20_002);
    assert_eq!(never.tag_named(users, "seen").unwrap().write_dates, None);
    assert!(never.is_dropped(dates.tag));
    assert_eq!(never.encode()[8], 1, "without dates the layout is the first one");
    let again = changed(&never, Some(7), 20_003);
    let other = again.tag_named(users, "seen").unwrap().write_dates.unwrap();
    assert!(other.tag > dates.tag && other.since == 20_003);

    // They go with their tag.
    let drop = CatalogChange::DropTag { type_name: "users".into(), name: "seen".into(), force: false };
    assert!(applied(&again, drop).is_dropped(other.tag));
    let drop = CatalogChange::DropType { name: "users".into(), force: true };
    assert!(applied(&again, drop).is_dropped(other.tag));
}

/// The fixture of format version 2.
#[test]
fn the_layout_of_dated_writes_is_the_one_that_is_checked_in() {
    let (catalog, _) = users();
    let catalog = catalog.apply(&dated(&catalog, "seen")).unwrap();
    let bytes = catalog.encode();
    let mut dump = crate::dump::Dump::new(&bytes);
    for (len, meaning) in [
        (8, "magic"),
        (4, "format version"),
        (4, "crc32 of all the rest"),
        (8, "length of the body"),
        (4, "next type"),
        (4, "next tag"),
        (4, "next audience"),
        (4, "how many types"),
        (4, "type: id"),
        (4, "  population"),
        (1, "  key: string"),
        (9, "  name"),
        (1, "  no label"),
        (4, "  description"),
        (4, "how many tags"),
        (4, "tag: id"),
        (4, "  type"),
        (1, "  kind: flag"),
        (1, "  scale"),
        (1, "  layer: none"),
        (1, "  sensitivity: none"),
        (4, "  time to live in days"),
        (1, "  bits: it dates its writes"),
        (8, "  name"),
        (1, "  no label"),
        (4, "  description"),
        (4, "  source"),
        (4, "  unit"),
        (4, "  owner"),
        (4, "  how many declared values"),
        (4, "  the number of the dates of its writes"),
        (8, "  the day on which its time to live was set"),
    ] {
        dump.field(len, meaning);
    }
    assert_eq!(Catalog::decode(&dump.check("catalog.v2.txt")).unwrap(), catalog);
}

/// The fixture of format version 1.
#[test]
fn the_layout_is_the_one_that_is_checked_in() {
    let (catalog, users) = users();
    let mut spec = TagSpec::new("users", "城市", TagKind::Choice);
    spec.label = Some("city".into());
    spec.layer = Some(Layer::Base);
    spec.time_to_live_days = Some(30);
    spec.values = vec![DeclaredValue { value: "1".into(), label: Some("一".into()), parent: None }];
    let catalog = applied(&catalog, CatalogChange::CreateTag(Box::new(spec)));
    let city = catalog.tag_named(users, "city").unwrap().id;
    let catalog = applied(&catalog, save("aud", "#2 = '1'", &[city], &[]));
    let types = dumped_types(&catalog.encode());
    let audiences = dumped_audiences(&catalog.encode_audiences());
    let reopened = Catalog::decode(&types).unwrap();
    assert_eq!(reopened.decode_audiences(&audiences).unwrap(), catalog);
}

fn dumped_types(bytes: &[u8]) -> Vec<u8> {
    let mut dump = crate::dump::Dump::new(bytes);
    for (len, meaning) in [
        (8, "magic"),
        (4, "format version"),
        (4, "crc32 of all the rest"),
        (8, "length of the body"),
        (4, "next type"),
        (4, "next tag"),
        (4, "next audience"),
        (4, "how many types"),
        (4, "type: id"),
        (4, "  population"),
        (1, "  key: string"),
        (9, "  name"),
        (1, "  no label"),
        (4, "  description"),
        (4, "how many tags"),
        (4, "tag: id"),
        (4, "  type"),
        (1, "  kind: choice"),
        (1, "  scale"),
        (1, "  layer: base"),
        (1, "  sensitivity: none"),
        (4, "  time to live in days"),
        (1, "  bits"),
        (10, "  name"),
        (9, "  label"),
        (4, "  description"),
        (4, "  source"),
        (4, "  unit"),
        (4, "  owner"),
        (4, "  how many declared values"),
        (5, "    value"),
        (8, "    label"),
        (1, "    no parent"),
    ] {
        dump.field(len, meaning);
    }
    dump.check("catalog.v1.txt")
}

fn dumped_audiences(bytes: &[u8]) -> Vec<u8> {
    let mut dump = crate::dump::Dump::new(bytes);
    for (len, meaning) in [
        (8, "magic"),
        (4, "format version"),
        (4, "crc32 of all the rest"),
        (8, "length of the body"),
        (4, "how many audiences"),
        (4, "audience: id"),
        (4, "  type"),
        (8, "  created"),
        (7, "  name"),
        (4, "  description"),
        (4, "  owner"),
        (4, "  how many versions"),
        (8, "    version"),
        (8, "    saved"),
        (12, "    stored"),
        (4, "    how many tags used"),
        (4, "      tag"),
        (4, "    how many audiences used"),
    ] {
        dump.field(len, meaning);
    }
    dump.check("audiences.v1.txt")
}
