//! Descriptions that become far more than they are: schemas of Arrow whose columns are one column named a million
//! times.

use arrow_ipc::{
    Field, FieldArgs, Int, IntArgs, Message, MessageArgs, MessageHeader, MetadataVersion, Schema, SchemaArgs, Struct_,
    Struct_Args, Type,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flatbuffers::{FlatBufferBuilder, WIPOffset};

use crate::forge::{Thrift, with_footer};
use crate::parquet::{CHOICE, refused};

/// Structures of two columns each, which are the same one, and so on downwards.
const LEVELS: usize = 16;

/// The message of a schema with 2^`LEVELS` columns that have a name of `name_bytes`.
fn schema(name_bytes: usize) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let name = builder.create_string(&"a".repeat(name_bytes));
    let int = Int::create(&mut builder, &IntArgs { bitWidth: 64, is_signed: true }).as_union_value();
    let args = FieldArgs { name: Some(name), type_type: Type::Int, type_: Some(int), ..FieldArgs::default() };
    let mut field = Field::create(&mut builder, &args);
    for _ in 0..LEVELS {
        let children: Option<WIPOffset<_>> = Some(builder.create_vector(&[field, field]));
        let structure = Struct_::create(&mut builder, &Struct_Args {}).as_union_value();
        let args = FieldArgs {
            name: Some(name),
            type_type: Type::Struct_,
            type_: Some(structure),
            children,
            ..FieldArgs::default()
        };
        field = Field::create(&mut builder, &args);
    }
    let fields = Some(builder.create_vector(&[field]));
    let schema = Schema::create(&mut builder, &SchemaArgs { fields, ..SchemaArgs::default() });
    let args = MessageArgs {
        version: MetadataVersion::V5,
        header_type: MessageHeader::Schema,
        header: Some(schema.as_union_value()),
        ..MessageArgs::default()
    };
    let message = Message::create(&mut builder, &args);
    builder.finish(message, None);
    let mut flat = builder.finished_data().to_vec();
    flat.resize(flat.len().next_multiple_of(8), 0);
    [&[0xFF; 4][..], &(flat.len() as u32).to_le_bytes(), &flat].concat()
}

#[test]
fn a_schema_becomes_no_more_columns_than_it_names() {
    for name_bytes in [1, 4_000] {
        let message = schema(name_bytes);
        refused("a stream", &[&message[..], &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]].concat(), CHOICE, "cannot be read");
        let entry = Thrift::default().text(1, "ARROW:schema").text(2, &BASE64_STANDARD.encode(&message));
        let root =
            vec![Thrift::default().text(4, "schema").int(5, 1), Thrift::default().int(1, 2).int(3, 0).text(4, "id")];
        let footer =
            Thrift::default().int(1, 1).list(2, 2, root).int(3, 0).list(4, 0, Vec::new()).list(5, 1, vec![entry]);
        refused("Parquet", &with_footer(b"PAR1".to_vec(), footer), CHOICE, "its Arrow schema cannot be read");
    }
}
