//! A catalog, values and a few entities in memory: the planner's context for tests, and a table for naive answers.

use std::collections::BTreeMap;

use crate::catalog::{AudienceSpec, Catalog, CatalogChange, DeclaredValue, EntityKey, KeyKind, TagKind, TagSpec};
use crate::error::Result;
use crate::ids::{BitmapId, LocalId, TagId, TypeId, ValueId};
use crate::query::pace::Stop;
use crate::query::plan::{
    Condition, Node, NodeId, Parameter, Plan, PlanContext, Planned, QueryRequest, ThresholdMode, plan, store_audience,
};

/// 2026-11-21T12:34:56Z.
pub(super) const NOW_MS: i64 = 1_795_264_496_000;

/// What one entity has of one tag.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Flag,
    Values(Vec<ValueId>),
    Number(i64),
}

/// One entity: its key and its tags.
#[derive(Clone, Debug, Default)]
pub(super) struct Entity {
    pub key: String,
    pub cells: BTreeMap<TagId, Cell>,
}

pub(super) struct World {
    pub catalog: Catalog,
    pub type_id: TypeId,
    pub values: BTreeMap<TagId, Vec<String>>,
    pub entities: Vec<Entity>,
    pub request: QueryRequest,
}

impl World {
    /// A world with a type `users` and nothing in it.
    pub(super) fn new() -> World {
        let mut world = World {
            catalog: Catalog::empty(),
            type_id: TypeId(0),
            values: BTreeMap::new(),
            entities: Vec::new(),
            request: QueryRequest::at(NOW_MS),
        };
        world.change(CatalogChange::CreateType {
            name: "users".into(),
            key: KeyKind::String,
            label: None,
            description: String::new(),
        });
        world.type_id = world.catalog.type_named("users").unwrap().id;
        world
    }

    pub(super) fn change(&mut self, change: CatalogChange) {
        let record = self.catalog.resolve(&change).unwrap();
        self.catalog = self.catalog.apply(&record).unwrap();
    }

    pub(super) fn tag(&mut self, name: &str, kind: TagKind) -> TagId {
        self.spec(TagSpec::new("users", name, kind))
    }

    pub(super) fn spec(&mut self, spec: TagSpec) -> TagId {
        let name = spec.name.clone();
        self.change(CatalogChange::CreateTag(Box::new(spec)));
        self.id(&name)
    }

    pub(super) fn tags(&mut self, kind: TagKind, names: &[&str]) {
        for name in names {
            self.tag(name, kind);
        }
    }

    pub(super) fn valued(&mut self, name: &str, kind: TagKind, values: &[&str]) -> TagId {
        let id = self.tag(name, kind);
        self.values.insert(id, values.iter().map(|value| value.to_string()).collect());
        id
    }

    /// A choice with an order, labels and parents.
    pub(super) fn declared(&mut self, name: &str, values: &[(&str, Option<&str>, Option<&str>)]) {
        let mut spec = TagSpec::new("users", name, TagKind::Choice);
        spec.ordered_values = true;
        spec.values = values
            .iter()
            .map(|(value, label, parent)| DeclaredValue {
                value: value.to_string(),
                label: label.map(str::to_owned),
                parent: parent.map(str::to_owned),
            })
            .collect();
        let id = self.spec(spec);
        self.values.insert(id, values.iter().map(|(value, _, _)| value.to_string()).collect());
    }

    pub(super) fn id(&self, name: &str) -> TagId {
        self.catalog.tag_named(self.type_id, name).unwrap().id
    }

    pub(super) fn save(&mut self, name: &str, text: &str) -> Result<()> {
        let stored = store_audience(self, self.type_id, name, text, &self.request)?;
        self.change(CatalogChange::SaveAudience(Box::new(AudienceSpec {
            type_name: "users".into(),
            name: name.into(),
            stored: stored.stored,
            tags_used: stored.tags_used,
            audiences_used: stored.audiences_used,
            description: None,
            owner: None,
            now_ms: NOW_MS,
        })));
        Ok(())
    }

    pub(super) fn plan(&self, text: &str) -> Result<Planned> {
        plan(self, self.type_id, text, &self.request)
    }

    pub(super) fn list(&mut self, name: &str, values: &[&str]) {
        let values = values.iter().map(|value| value.to_string()).collect();
        self.request.parameters.insert(name.into(), Parameter::List(values));
    }

    pub(super) fn scalar(&mut self, name: &str, value: &str) {
        self.request.parameters.insert(name.into(), Parameter::Scalar(value.into()));
    }

    /// Whether an entity is in a node, by what the node says.
    pub(super) fn holds(&self, plan: &Plan, node: NodeId, entity: usize) -> bool {
        let cells = &self.entities[entity].cells;
        let number = |tag: &TagId| match cells.get(tag) {
            Some(Cell::Number(number)) => Some(*number),
            _ => None,
        };
        let has = |tag: TagId, value: ValueId| match cells.get(&tag) {
            Some(Cell::Values(values)) => values.contains(&value),
            _ => false,
        };
        match plan.node(node) {
            Node::Nothing => false,
            Node::Everyone => true,
            Node::Bitmap(id) if id.slot() == BitmapId::FLAG_SLOT => cells.contains_key(&id.tag()),
            Node::Bitmap(id) => has(id.tag(), ValueId(id.slot())),
            Node::Values { tag, values, .. } => values.iter().any(|value| has(*tag, *value)),
            Node::Present(tag) => cells.contains_key(tag),
            Node::Number { tag, ranges } => {
                number(tag).is_some_and(|number| ranges.iter().any(|(low, high)| (*low..=*high).contains(&number)))
            }
            Node::Linear { terms, constant, op } => {
                let mut sum = *constant;
                for (tag, factor) in terms.iter() {
                    match number(tag) {
                        Some(number) => sum += factor * i128::from(number),
                        None => return false,
                    }
                }
                op.holds(&sum, &0)
            }
            Node::Split(split) => {
                let hash = EntityKey::Text(self.entities[entity].key.clone()).hash();
                split.contains(hash)
            }
            Node::Given(ids) => ids.ids().contains(entity as u32),
            Node::And(terms) => terms.iter().all(|term| self.holds(plan, term.node, entity) != term.negated),
            Node::Or(nodes) => nodes.iter().any(|node| self.holds(plan, *node, entity)),
            Node::Threshold { mode, k, of } => {
                let count = of.iter().filter(|node| self.holds(plan, **node, entity)).count() as u32;
                match mode {
                    ThresholdMode::AtLeast => count >= *k,
                    ThresholdMode::AtMost => count <= *k,
                    ThresholdMode::Exactly => count == *k,
                }
            }
        }
    }
}

impl PlanContext for World {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn store(&self) -> ([u8; 16], u64) {
        ([7; 16], 3)
    }

    fn value_id(&self, tag: TagId, value: &str) -> Result<Option<ValueId>> {
        let values = self.values.get(&tag);
        let place = values.and_then(|values| values.iter().position(|known| known == value));
        Ok(place.map(|place| ValueId(place as u32 + 1)))
    }

    fn value_name(&self, tag: TagId, value: ValueId) -> Result<Option<String>> {
        let values = self.values.get(&tag);
        Ok(values.and_then(|values| values.get(value.0 as usize - 1).cloned()))
    }

    fn values(&self, tag: TagId, _: u64, _: &Stop) -> Result<Vec<(ValueId, String)>> {
        let values = self.values.get(&tag).into_iter().flatten();
        Ok(values.enumerate().map(|(place, name)| (ValueId(place as u32 + 1), name.clone())).collect())
    }

    fn visit_values(&self, tag: TagId, _: &Stop, each: &mut dyn FnMut(ValueId, &str) -> Result<()>) -> Result<()> {
        let values = self.values.get(&tag).into_iter().flatten();
        values.enumerate().try_for_each(|(place, name)| each(ValueId(place as u32 + 1), name))
    }

    fn id_end(&self, _type_id: TypeId) -> Result<u64> {
        Ok(1 << 32)
    }

    fn entity(&self, _type_id: TypeId, key: &EntityKey) -> Result<Option<LocalId>> {
        let EntityKey::Text(key) = key else {
            return Ok(None);
        };
        let place = self.entities.iter().position(|entity| entity.key == *key);
        Ok(place.map(|place| LocalId(place as u32)))
    }

    fn members_estimate(&self, bitmap: BitmapId) -> u64 {
        // Any numbers do; these put operands in another order than their ids.
        bitmap.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48
    }
}

/// Every node that conditions mention, so that laws can be checked on all of them.
pub(super) fn nodes_of(condition: &Condition, found: &mut Vec<NodeId>) {
    found.push(condition.node);
    for child in &condition.children {
        nodes_of(child, found);
    }
}

/// The laws of [`Node`] that hold for every plan.
pub(super) fn check_laws(plan: &Plan) {
    for (place, node) in plan.nodes.iter().enumerate() {
        let below = |id: &NodeId| id.index() < place;
        match node {
            Node::And(terms) => {
                assert!(terms.iter().all(|term| below(&term.node)), "{node:?}");
                assert!(terms.len() >= 2 && !terms[0].negated, "{node:?}");
                let first_negated = terms.iter().position(|term| term.negated).unwrap_or(terms.len());
                assert!(terms[first_negated..].iter().all(|term| term.negated), "{node:?}");
                let is_and = |term: &&crate::query::plan::Term| {
                    !term.negated && matches!(plan.node(term.node), Node::And(_) | Node::Nothing)
                };
                assert!(!terms.iter().any(|term| is_and(&term)), "{node:?}");
            }
            Node::Or(nodes) => {
                assert!(nodes.iter().all(below) && nodes.len() >= 2, "{node:?}");
                let is_or = |id: &NodeId| matches!(plan.node(*id), Node::Or(_) | Node::Nothing | Node::Everyone);
                assert!(!nodes.iter().any(is_or), "{node:?}");
                let mut distinct = nodes.to_vec();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), nodes.len(), "{node:?}");
            }
            Node::Threshold { k, of, .. } => {
                assert!(of.iter().all(below) && of.len() >= 2, "{node:?}");
                assert!(*k as usize <= of.len(), "{node:?}");
            }
            Node::Values { values, .. } => {
                assert!(values.len() >= 2 && values.is_sorted_by(|a, b| a < b), "{node:?}");
            }
            Node::Number { ranges, .. } => {
                assert!(!ranges.is_empty(), "{node:?}");
                assert!(ranges.iter().all(|(low, high)| low <= high), "{node:?}");
                assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0 - 1), "{node:?}");
            }
            Node::Linear { terms, .. } => {
                assert!(terms.is_sorted_by(|a, b| a.0 < b.0) && terms.len() >= 2, "{node:?}");
                assert!(terms.iter().all(|(_, factor)| *factor != 0), "{node:?}");
            }
            _ => {}
        }
    }
    let distinct: std::collections::HashSet<&Node> = plan.nodes.iter().collect();
    assert_eq!(distinct.len(), plan.nodes.len(), "an expression stands twice");
}
