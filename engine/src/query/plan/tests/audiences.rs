//! Saved audiences: ids in the stored form, today's names in the printed one.

use super::queries::examples;
use super::world::World;
use crate::catalog::CatalogChange;
use crate::query::plan::{store_audience, today_text};

fn stored(world: &World, text: &str) -> String {
    store_audience(world, world.type_id, "new", text, &world.request)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .stored
}

#[test]
fn the_stored_form_holds_numbers_with_the_names_of_that_day() {
    let world = examples();
    let id = |name: &str| world.id(name);
    assert_eq!(
        stored(&world, "性别 = 女 AND interests HAS ANY ('ski', curling) AND age > lead_time"),
        format!(
            "`#{} 性别` = '#1' AND `#{} interests` HAS ANY ('#1', '=curling') AND `#{} age` > `#{} lead_time`",
            id("性别"),
            id("interests"),
            id("age"),
            id("lead_time")
        )
    );
}

#[test]
fn every_form_survives_storing() {
    let world = examples();
    for text in [
        "性别 = 女 AND 年龄 BETWEEN 25 AND 34 AND 城市 NOT IN (北京, 上海, 广州)",
        "兴趣.体育.* AND NOT 兴趣.体育.足球",
        "EXACTLY 1 OF items.* OR AT LEAST 2 OF 持有.*",
        "首购日 - 注册日期 <= 7d AND 注册日期 IN LAST 7d ENDING yesterday",
        "`VIP 等级` IN (金卡, '黑 卡') AND market_segment = 'Online TA' AND agent = 9",
        "产品偏好 LIKE '理财%' AND interests HAS LIKE 's%' AND NOT interests HAS ski",
        "@黑名单 AND NOT @全局抑制:v1 AND items HAS ALL ('rolls/buns')",
        "客单价_30d < 客单价_60d * 0.5 AND is_canceled IN [0, 3) AND seen > now - 3h",
        "兴趣.瑜伽 = true AND 兴趣.瑜伽 IS NOT MISSING AND split(a, [0%, 50%)) AND sample(10%)",
    ] {
        let stored = stored(&world, text);
        let today = today_text(&world, world.type_id, &stored).unwrap();
        let (before, after) = (world.plan(text).unwrap(), world.plan(&today).unwrap());
        assert_eq!(before.fingerprint, after.fingerprint, "{text}: {stored}: {today}");
    }
}

#[test]
fn renames_break_nothing() {
    let mut world = examples();
    world.save("young", "age < 30 AND 兴趣.瑜伽").unwrap();
    let before = world.plan("@young").unwrap();
    world.change(CatalogChange::RenameTag {
        type_name: "users".into(),
        name: "age".into(),
        new_name: "how old".into(),
    });
    let after = world.plan("@young").unwrap();
    assert_eq!(before.fingerprint, after.fingerprint);
    assert_eq!(after.text_of(&after.conditions.children[0]), "`how old` < 30 AND 兴趣.瑜伽");
}

#[test]
fn a_value_that_is_gone_is_a_warning_in_an_audience() {
    let mut world = examples();
    world.save("visitors", "country = 'XXX' OR country = 'DEU'").unwrap();
    let planned = world.plan("age > 3 AND @visitors").unwrap();
    let warning = &planned.warnings[0];
    assert_eq!(warning.code, "unknown_value");
    assert_eq!(warning.span.unwrap().of("age > 3 AND @visitors"), "@visitors");
}

#[test]
fn faults_inside_an_audience_name_it_and_show_its_text() {
    let mut world = examples();
    world.save("with_age", "country = DEU AND age > 3").unwrap();
    world.save("outer one", "@with_age OR country = DEU").unwrap();
    world.save("over", "@黑名单 AND 兴趣.瑜伽").unwrap();
    world.change(CatalogChange::DropTag { type_name: "users".into(), name: "age".into(), force: true });
    world.change(CatalogChange::DropTag { type_name: "users".into(), name: "兴趣.瑜伽".into(), force: true });
    for (text, named, audience, shown) in [
        (
            "country = DEU AND @with_age",
            "@with_age",
            "with_age",
            "  country = DEU AND age > 3\n                    ^^^\n",
        ),
        ("@`outer one`", "@`outer one`", "with_age", "  country = DEU AND age > 3\n                    ^^^\n"),
        ("@over", "@over", "over", "  @黑名单 AND 兴趣.瑜伽\n              ^^^^^^^^^\n"),
    ] {
        let error = world.plan(text).unwrap_err();
        let fault = error.query_fault().unwrap();
        assert_eq!(fault.error.code, "broken_audience", "{text}");
        // Programs mark what they sent; people see what is at fault.
        assert_eq!(fault.error.span.of(&fault.text), named);
        let told = fault.error.render(&fault.text);
        assert!(told.starts_with(&format!("save the audience `@{audience}` anew\n{shown}")), "{told}");
        assert!(
            told.ends_with(&format!(
                "in the audience @{audience}: the tag `{}` that it uses was dropped",
                if audience == "over" { "兴趣.瑜伽" } else { "age" }
            )),
            "{told}"
        );
    }
}

#[test]
fn what_an_audience_can_no_longer_mean_is_shown_in_its_text() {
    let mut world = examples();
    world.save("recent", "country = DEU AND seen > now - 3000000h").unwrap();
    world.request.now_unix_ms = -62_135_596_800_000;
    let error = world.plan("@recent AND country = DEU").unwrap_err();
    let fault = error.query_fault().unwrap();
    assert_eq!(fault.error.span.of(&fault.text), "@recent");
    let within = fault.error.within.as_ref().unwrap();
    assert_eq!(within.text, "country = DEU AND seen > now - 3000000h");
    assert_eq!(within.span.of(&within.text), "3000000h");
    assert!(fault.error.remedy.starts_with("save `@recent` anew: "), "{error}");
    assert!(fault.error.detail.starts_with("in the audience @recent: "), "{error}");
}

#[test]
fn cycles_are_refused_when_they_are_saved() {
    let mut world = examples();
    world.save("a", "age > 1").unwrap();
    world.save("b", "@a AND age > 2").unwrap();
    world.save("c", "@b AND age > 3").unwrap();
    for text in ["@a", "@c AND age > 4", "NOT @b"] {
        let error = world.save("a", text).unwrap_err();
        assert_eq!(error.query_fault().unwrap().error.code, "cycle", "{text}");
    }
    world.save("a", "@a:v1 AND age > 5").unwrap();
    world.plan("@c").unwrap();
    assert!(world.save("d", "@d").is_err(), "it does not exist yet");
}

#[test]
fn pinned_versions_stay() {
    let mut world = examples();
    world.save("a", "age > 1").unwrap();
    world.save("a", "age > 2").unwrap();
    let root = |text: &str| {
        let planned = world.plan(text).unwrap();
        planned.plan.node(planned.plan.root).clone()
    };
    assert_eq!(root("@a"), root("age > 2"));
    assert_eq!(root("@a:v1"), root("age > 1"));
    assert_eq!(world.plan("@a:v1").unwrap().audiences_used[0].1, 1);
}

#[test]
fn a_lattice_of_audiences_is_resolved_once_each() {
    let mut world = examples();
    world.save("l0", "age > 1 AND country = DEU").unwrap();
    for level in 1..60 {
        let below = level - 1;
        world.save(&format!("l{level}"), &format!("(@l{below} OR age = {level}) AND @l{below}")).unwrap();
    }
    let planned = world.plan("@l59").unwrap();
    assert!(planned.plan.nodes.len() < 1_000);
    let mut found = Vec::new();
    super::world::nodes_of(&planned.conditions, &mut found);
    assert!(found.len() < 1_000);
    for level in 60..200 {
        let below = level - 1;
        let text = format!("(@l{below} OR age = {level}) AND country = DEU");
        if let Err(error) = world.save(&format!("l{level}"), &text) {
            assert_eq!(error.query_fault().unwrap().error.code, "too_deep");
            return;
        }
    }
    panic!("the depth of nested audiences is bounded");
}

#[test]
fn what_is_used_is_listed() {
    let world = examples();
    let text = "age > lead_time AND 兴趣.* AND @黑名单:v1 AND @全局抑制";
    let stored = store_audience(&world, world.type_id, "new", text, &world.request).unwrap();
    let id = |name: &str| world.id(name);
    let mut expected =
        vec![id("age"), id("lead_time"), id("兴趣.体育.足球"), id("兴趣.体育.网球.双打"), id("兴趣.瑜伽")];
    expected.sort_unstable();
    assert_eq!(stored.tags_used, expected);
    let versions: Vec<_> = stored.audiences_used.iter().map(|used| used.version).collect();
    assert_eq!(versions.len(), 2);
    assert!(versions.contains(&Some(1)) && versions.contains(&None));
}
