//! Column builders: the columns of a block out of cells.

mod dictionary;
mod key;
mod rejects;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use muster_engine::TagId;
use muster_engine::catalog::Zone;
use muster_engine::columns::{ColumnValues, LoadColumn};
use muster_engine::{Error, Result};

use crate::cell::CellRule;
use crate::json_list::each_of_list;
use crate::mapping::JSON_LISTS;
use crate::rule::{Number, Rule};
use crate::scalar::Scalar;
use crate::table::Cells;
use crate::text::Shown;
use dictionary::Dictionary;
pub(crate) use key::KeyBuilder;
pub(crate) use rejects::{Place, Rejects};

/// One tag's column of a block that is being built.
pub(crate) struct ColumnBuilder {
    target: TagTarget,
    rule: Rule,
    values: Values,
    /// The rows whose time the clocks of the column's zone show not once.
    odd_times: Vec<(usize, Shown)>,
}

/// How many times the clocks of a column's zone show not once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OddTimes {
    pub(crate) twice: u64,
    pub(crate) never: u64,
}

/// What a column is called, what it sets, and what is said of its cells.
#[derive(Clone)]
pub(crate) struct TagTarget {
    /// The column's name.
    pub(crate) name: String,
    pub(crate) tag: TagId,
    pub(crate) null_clears: bool,
    /// What may be written, where not everything may: values, and labels that stand for them.
    pub(crate) closed_values: Option<Arc<HashSet<String>>>,
    /// What is said of bytes that are no text.
    pub(crate) not_text: Arc<str>,
}

enum Values {
    Flag(Vec<bool>, Validity),
    Choice(Dictionary, Vec<u32>),
    Set { dictionary: Dictionary, offsets: Vec<u32>, codes: Vec<u32>, valid: Validity },
    Number(Vec<i64>, Validity),
}

/// Which rows are not null.
#[derive(Default)]
struct Validity {
    rows: Vec<bool>,
    nulls: usize,
}

impl Validity {
    #[inline]
    fn push(&mut self, is_valid: bool) {
        self.rows.push(is_valid);
        self.nulls += usize::from(!is_valid);
    }

    fn finish(self, keep: Option<&[bool]>) -> Option<Vec<bool>> {
        if self.nulls == 0 {
            return None;
        }
        let rows = kept(self.rows, keep);
        rows.contains(&false).then_some(rows)
    }
}

/// The codes of cells that are no value: nulls, and those refused.
const REFUSED_CODE: u32 = ColumnValues::NULL_CODE - 1;

impl ColumnBuilder {
    pub(crate) fn new(target: TagTarget, rule: Rule) -> ColumnBuilder {
        use muster_engine::catalog::TagKind;
        let new_dictionary = || Dictionary::new(Arc::clone(&target.not_text), target.closed_values.clone());
        let values = match rule.kind {
            TagKind::Flag => Values::Flag(Vec::new(), Validity::default()),
            TagKind::Choice => Values::Choice(new_dictionary(), Vec::new()),
            TagKind::Set => Values::Set {
                dictionary: new_dictionary(),
                offsets: vec![0],
                codes: Vec::new(),
                valid: Validity::default(),
            },
            TagKind::Int | TagKind::Decimal { .. } | TagKind::Date | TagKind::Time => {
                Values::Number(Vec::new(), Validity::default())
            }
        };
        ColumnBuilder { target, rule, values, odd_times: Vec::new() }
    }

    /// Takes times that are written without a zone as those of `zone`, unless its mapping says another.
    pub(crate) fn assume_zone(&mut self, zone: &Zone) {
        self.rule.assume_zone(zone);
    }

    /// The bytes of the cells so far, and of their distinct values.
    pub(crate) fn bytes(&self) -> usize {
        let of_values = match &self.values {
            Values::Flag(values, valid) => values.len() + valid.rows.len(),
            Values::Number(values, valid) => size_of_val(&values[..]) + valid.rows.len(),
            Values::Choice(dictionary, codes) => dictionary.bytes() + size_of_val(&codes[..]),
            Values::Set { dictionary, offsets, codes, valid } => {
                dictionary.bytes() + size_of_val(&offsets[..]) + size_of_val(&codes[..]) + valid.rows.len()
            }
        };
        of_values + size_of_val(&self.odd_times[..])
    }

    /// Adds a run of cells. A refused one is a null here and its row is in `rejects`.
    pub(crate) fn append(&mut self, cells: Cells<'_>, place: &Place<'_>, rejects: &mut Rejects) -> Result<()> {
        let rule = &self.rule;
        let name = &self.target.name;
        match &mut self.values {
            Values::Flag(values, valid) => cells.each(&mut |row, cell| {
                let truth = rule.flag(cell).unwrap_or_else(|reason| {
                    rejects.add(place, row, name, reason, || cell.raw());
                    None
                });
                valid.push(truth.is_some());
                values.push(truth.unwrap_or(false));
            }),
            Values::Number(values, valid) => cells.each(&mut |row, cell| {
                let number = rule.number(cell).unwrap_or_else(|reason| {
                    rejects.add(place, row, name, reason, || cell.raw());
                    None
                });
                if let Some(Number { shown: shown @ (Shown::Twice | Shown::Never), .. }) = number {
                    self.odd_times.push((place.rows_before + row, shown));
                }
                valid.push(number.is_some());
                values.push(number.map_or(0, |number| number.value));
            }),
            Values::Choice(dictionary, codes) => match cells {
                Cells::Array(array, cell_rule) if is_text_dictionary(array) => {
                    let target = Codes { dictionary, codes };
                    append_dictionary(target, (array, cell_rule), name, place, rejects)
                }
                cells => {
                    let mut scratch = String::new();
                    cells.each(&mut |row, cell| {
                        let code = dictionary.take(cell, &mut scratch);
                        codes.push(code.unwrap_or_else(|reason| {
                            rejects.add(place, row, name, reason, || cell.raw());
                            ColumnValues::NULL_CODE
                        }));
                    })
                }
            },
            Values::Set { dictionary, offsets, codes, valid } => {
                let mut lists = Lists { dictionary, offsets, codes, valid };
                match (cells, &rule.list_separator) {
                    (Cells::Array(array, cell_rule), _) if is_list(array) => {
                        lists.append_lists((array, cell_rule), name, place, rejects)
                    }
                    (cells, Some(separator)) => lists.append_texts(cells, separator, name, place, rejects),
                    (cells, None) => lists.append_nulls(cells),
                }
            }
        }
    }

    /// The column's name.
    pub(crate) fn name(&self) -> &str {
        &self.target.name
    }

    /// The times of rows that are kept which a zone shows not once.
    pub(crate) fn odd_times(&self, keep: Option<&[bool]>) -> OddTimes {
        let mut odd = OddTimes::default();
        for (_, shown) in self.odd_times.iter().filter(|(row, _)| keep.is_none_or(|keep| keep[*row])) {
            match shown {
                Shown::Once => {}
                Shown::Twice => odd.twice += 1,
                Shown::Never => odd.never += 1,
            }
        }
        odd
    }

    /// The column without the rows that `keep` leaves out; `None` keeps all.
    pub(crate) fn finish(self, keep: Option<&[bool]>) -> LoadColumn {
        let values = match self.values {
            Values::Flag(values, valid) => ColumnValues::Flag { values: kept(values, keep), valid: valid.finish(keep) },
            Values::Number(values, valid) => {
                ColumnValues::Number { values: kept(values, keep), valid: valid.finish(keep) }
            }
            Values::Choice(dictionary, codes) => {
                let mut codes = kept(codes, keep);
                let dictionary = dictionary.finish(keep.is_some(), &mut codes);
                ColumnValues::Choice { dictionary, codes }
            }
            Values::Set { dictionary, offsets, codes, valid } => {
                let (offsets, mut codes) = kept_lists(offsets, codes, keep);
                let dictionary = dictionary.finish(keep.is_some(), &mut codes);
                ColumnValues::Set { dictionary, offsets, codes, valid: valid.finish(keep) }
            }
        };
        LoadColumn { tag: self.target.tag, values, null_clears: self.target.null_clears }
    }

    /// An empty builder of the same column, in exchange for this one.
    pub(crate) fn take(&mut self) -> ColumnBuilder {
        let fresh = ColumnBuilder::new(self.target.clone(), self.rule.clone());
        std::mem::replace(self, fresh)
    }
}

/// The parts of a choice column, for adding codes.
struct Codes<'a> {
    dictionary: &'a mut Dictionary,
    codes: &'a mut Vec<u32>,
}

/// Takes the codes of a dictionary that the file brings along: each of its values is looked up once a run.
fn append_dictionary(
    target: Codes<'_>,
    (array, cell_rule): (&ArrayRef, &CellRule),
    name: &str,
    place: &Place<'_>,
    rejects: &mut Rejects,
) -> Result<()> {
    let Codes { dictionary, codes } = target;
    let coded = array.as_any_dictionary();
    let values = coded.values();
    if values.is_empty() {
        codes.resize(codes.len() + array.len(), ColumnValues::NULL_CODE);
        return Ok(());
    }
    let keys = coded.normalized_keys();
    let mut used = vec![false; values.len()];
    for (row, key) in keys.iter().enumerate() {
        used[*key] |= coded.keys().is_valid(row);
    }
    let mut code_of = vec![ColumnValues::NULL_CODE; values.len()];
    let mut refused: HashMap<usize, (String, String)> = HashMap::new();
    let mut scratch = String::new();
    Cells::Array(values, cell_rule).each(&mut |value, cell| {
        if !used[value] {
            return;
        }
        code_of[value] = dictionary.take(cell, &mut scratch).unwrap_or_else(|reason| {
            refused.insert(value, (reason, cell.raw()));
            ColumnValues::NULL_CODE
        });
    })?;
    for (row, key) in keys.iter().enumerate() {
        if coded.keys().is_null(row) {
            codes.push(ColumnValues::NULL_CODE);
            continue;
        }
        codes.push(code_of[*key]);
        if !refused.is_empty()
            && let Some((reason, raw)) = refused.get(key)
        {
            rejects.add(place, row, name, reason.clone(), || raw.clone());
        }
    }
    Ok(())
}

/// The parts of a set column, for adding lists.
struct Lists<'a> {
    dictionary: &'a mut Dictionary,
    offsets: &'a mut Vec<u32>,
    codes: &'a mut Vec<u32>,
    valid: &'a mut Validity,
}

impl Lists<'_> {
    fn append_lists(
        &mut self,
        (array, cell_rule): (&ArrayRef, &CellRule),
        name: &str,
        place: &Place<'_>,
        rejects: &mut Rejects,
    ) -> Result<()> {
        let (elements, ranges) = lists_of(array)?;
        let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
        let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
        let count = last.saturating_sub(first);
        let elements = elements.slice(first, count);
        let mut element_codes = Vec::with_capacity(elements.len());
        let mut reasons: HashMap<usize, String> = HashMap::new();
        let mut scratch = String::new();
        Cells::Array(&elements, cell_rule).each(&mut |element, cell| {
            let code = self.dictionary.take(cell, &mut scratch);
            element_codes.push(code.unwrap_or_else(|reason| {
                reasons.insert(element, reason);
                REFUSED_CODE
            }));
        })?;
        for (row, range) in ranges.into_iter().enumerate() {
            if array.is_null(row) {
                self.end_list(false);
                continue;
            }
            let range = range.start - first..range.end - first;
            let list = &element_codes[range.clone()];
            match list.iter().position(|code| *code >= REFUSED_CODE) {
                None => {
                    self.codes.extend_from_slice(list);
                    self.end_list(true);
                }
                Some(at) => {
                    let reason = reasons
                        .get(&(range.start + at))
                        .cloned()
                        .unwrap_or_else(|| "a value of the list is null".to_owned());
                    rejects.add(place, row, name, reason, || raw_list(&elements, range));
                    self.end_list(false);
                }
            }
        }
        Ok(())
    }

    fn append_texts(
        &mut self,
        cells: Cells<'_>,
        separator: &str,
        name: &str,
        place: &Place<'_>,
        rejects: &mut Rejects,
    ) -> Result<()> {
        cells.each(&mut |row, cell| {
            let Scalar::Text(text) = cell else {
                self.end_list(false);
                return;
            };
            let taken = self.take_list(text, separator, cells.rule());
            let is_valid = taken.is_ok();
            if let Err(reason) = taken {
                self.codes.truncate(self.list_start());
                rejects.add(place, row, name, reason, || cell.raw());
            }
            self.end_list(is_valid);
        })
    }

    /// A quoted empty text is a list without values.
    fn take_list(&mut self, text: &[u8], separator: &str, rule: &CellRule) -> std::result::Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let text = std::str::from_utf8(text).map_err(|_| self.dictionary.not_text())?;
        if separator == JSON_LISTS {
            return each_of_list(text.as_bytes(), &mut |value| {
                // A text that is written empty, in quotes, is one.
                self.codes.push(self.dictionary.code(rule.trimmed(value.as_bytes()))?);
                Ok(())
            });
        }
        for value in text.split(separator) {
            let value = rule.trimmed(value.as_bytes());
            if value.is_empty() {
                return Err(format!("an empty value in the list: {separator:?} stands only between two values"));
            }
            self.codes.push(self.dictionary.code(value)?);
        }
        Ok(())
    }

    /// A column without any value.
    fn append_nulls(&mut self, cells: Cells<'_>) -> Result<()> {
        cells.each(&mut |_, _| self.end_list(false))
    }

    fn list_start(&self) -> usize {
        self.offsets.last().map_or(0, |offset| *offset as usize)
    }

    /// Ends the row's list, each value once.
    fn end_list(&mut self, is_valid: bool) {
        let start = self.list_start();
        let list = &mut self.codes[start..];
        list.sort_unstable();
        let mut distinct = 0;
        for index in 0..list.len() {
            if index == 0 || list[index] != list[index - 1] {
                list[distinct] = list[index];
                distinct += 1;
            }
        }
        self.codes.truncate(start + distinct);
        self.offsets.push(self.codes.len() as u32);
        self.valid.push(is_valid);
    }
}

fn raw_list(elements: &ArrayRef, range: Range<usize>) -> String {
    let mut texts = Vec::new();
    let slice = elements.slice(range.start, range.len().min(100));
    let walked = Cells::Array(&slice, &CellRule::PLAIN).each(&mut |_, cell| texts.push(cell.raw()));
    match walked {
        Ok(()) => crate::reject::raw_text(format!("[{}]", texts.join(", ")).as_bytes()),
        Err(_) => String::new(),
    }
}

fn is_text_dictionary(array: &ArrayRef) -> bool {
    matches!(array.data_type(), DataType::Dictionary(_, values)
        if !matches!(values.as_ref(), DataType::Dictionary(_, _)))
}

fn is_list(array: &ArrayRef) -> bool {
    matches!(array.data_type(), DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _))
}

/// The elements of all lists of a column, and where each row's are.
pub(crate) fn lists_of(array: &ArrayRef) -> Result<(ArrayRef, Vec<Range<usize>>)> {
    let rows = 0..array.len();
    Ok(match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let ranges = rows.map(|row| offsets[row] as usize..offsets[row + 1] as usize);
            (list.values().clone(), ranges.collect())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            let ranges = rows.map(|row| offsets[row] as usize..offsets[row + 1] as usize);
            (list.values().clone(), ranges.collect())
        }
        DataType::FixedSizeList(_, _) => {
            let list = array.as_fixed_size_list();
            let length = list.value_length() as usize;
            let ranges = rows.map(|row| row * length..(row + 1) * length);
            (list.values().clone(), ranges.collect())
        }
        other => {
            return Err(Error::internal(format!("a column of type {other} was taken for lists")));
        }
    })
}

/// The rows that `keep` keeps.
fn kept<T>(rows: Vec<T>, keep: Option<&[bool]>) -> Vec<T> {
    let Some(keep) = keep else {
        return rows;
    };
    debug_assert_eq!(rows.len(), keep.len());
    rows.into_iter().zip(keep).filter_map(|(row, keep)| keep.then_some(row)).collect()
}

fn kept_lists(offsets: Vec<u32>, codes: Vec<u32>, keep: Option<&[bool]>) -> (Vec<u32>, Vec<u32>) {
    let Some(keep) = keep else {
        return (offsets, codes);
    };
    let mut kept_offsets = vec![0];
    let mut kept_codes = Vec::with_capacity(codes.len());
    for (row, keep) in keep.iter().enumerate() {
        if *keep {
            kept_codes.extend_from_slice(&codes[offsets[row] as usize..offsets[row + 1] as usize]);
            kept_offsets.push(kept_codes.len() as u32);
        }
    }
    (kept_offsets, kept_codes)
}
