//! Redo: what a record does, the same code for a batch that is written now and for one that recovery reads from the
//! log.

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ids::{Seq, TagId};
use crate::keys::NamesBuilder;
use crate::part::{PartBuilder, TagForm};
use crate::storage::Mapped;

use crate::write::commit::allocate::Allocator;
use crate::write::commit::record::{BatchRecord, EntityChange, What};
use crate::write::files::forms::tag_form;

/// The changes of a run of batches, on their way to one memory part and one memory names part.
pub(crate) struct Changes {
    part: PartBuilder,
    names: NamesBuilder,
    first_seq: Seq,
    last_seq: Seq,
}

/// What [`Changes`] became: bytes of a part and of a names part, either of which may have nothing to say.
pub(crate) struct Built {
    pub(crate) part: Option<Mapped>,
    pub(crate) names: Option<Mapped>,
    pub(crate) first_seq: Seq,
    pub(crate) last_seq: Seq,
}

impl Changes {
    /// No changes yet; the first batch has `first_seq`.
    pub(crate) fn new(first_seq: Seq) -> Changes {
        Changes { part: PartBuilder::new(), names: NamesBuilder::new(), first_seq, last_seq: first_seq }
    }

    /// Adds the batch `seq`. Errors: corrupt, when the record names a tag that `catalog` does not have or uses it as
    /// another kind; a record that was resolved against `catalog` never does.
    pub(crate) fn add(&mut self, record: &BatchRecord, seq: Seq, catalog: &Catalog) -> Result<()> {
        let population = catalog.entity_type(record.type_id).map(|entity_type| entity_type.population);
        if population != Some(record.population) {
            return Err(Error::corrupt(format!("a batch names the entity type {}, which is unknown", record.type_id)));
        }
        for key in &record.keys {
            let hash = xxhash_rust::xxh3::xxh3_64(&key.canonical);
            self.names.add(record.population, key.local.0, hash, &key.canonical);
        }
        for value in &record.values {
            let text = value.text.as_bytes();
            self.names.add(value.tag, value.value.0, xxhash_rust::xxh3::xxh3_64(text), text);
        }
        for change in &record.changes {
            self.change(record, *change, catalog)?;
        }
        self.last_seq = seq;
        Ok(())
    }

    fn change(&mut self, record: &BatchRecord, change: EntityChange, catalog: &Catalog) -> Result<()> {
        let id = change.local;
        let part = &mut self.part;
        match change.what {
            What::Touch => part.touch(record.population, id),
            What::Erase => {
                let mut tags = catalog.stored_tags_of(record.type_id);
                part.erase(record.population, &mut tags, id);
            }
            What::SetFlag(tag) => {
                expect_form(catalog, record, tag, TagForm::Flag)?;
                part.set_flag(tag, id);
            }
            What::SetChoice(tag, value) => {
                expect_form(catalog, record, tag, TagForm::Choice)?;
                part.set_choice(tag, id, value);
            }
            What::AddValue(tag, value) => {
                expect_form(catalog, record, tag, TagForm::Set)?;
                part.add_value(tag, id, value);
            }
            What::RemoveValue(tag, value) => {
                expect_form(catalog, record, tag, TagForm::Set)?;
                part.remove_value(tag, id, value);
            }
            What::SetNumber(tag, number) => {
                expect_form(catalog, record, tag, TagForm::Number)?;
                part.set_number(tag, id, number);
            }
            What::Clear(tag) => {
                let form = form_of(catalog, record, tag)?;
                part.clear(tag, form, id);
            }
        }
        Ok(())
    }

    /// The bytes of both parts.
    pub(crate) fn finish(self) -> Result<Built> {
        let part = match self.part.is_empty() {
            true => None,
            false => Some(self.part.finish(self.first_seq, self.last_seq)?),
        };
        let names = match self.names.is_empty() {
            true => None,
            false => Some(Mapped::from_bytes(self.names.build()?)),
        };
        Ok(Built { part, names, first_seq: self.first_seq, last_seq: self.last_seq })
    }
}

/// Raises the counters over all numbers that `record` gave.
pub(crate) fn note_numbers(record: &BatchRecord, allocator: &mut Allocator) {
    for key in &record.keys {
        allocator.saw_local(record.population, key.local);
    }
    for value in &record.values {
        allocator.saw_value(value.tag, value.value);
    }
}

fn form_of(catalog: &Catalog, record: &BatchRecord, tag: TagId) -> Result<TagForm> {
    match catalog.stored_kind(tag) {
        Some((type_id, kind)) if type_id == record.type_id => Ok(tag_form(kind)),
        _ => Err(Error::corrupt(format!("a batch names the tag {tag}, which its type does not have"))),
    }
}

fn expect_form(catalog: &Catalog, record: &BatchRecord, tag: TagId, form: TagForm) -> Result<()> {
    let found = form_of(catalog, record, tag)?;
    if found != form {
        return Err(Error::corrupt(format!("a batch uses the tag {tag} as a {form:?}, it is a {found:?}")));
    }
    Ok(())
}
