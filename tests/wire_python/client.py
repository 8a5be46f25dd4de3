"""Talks to a muster server as a client that shares no code with it.

    python client.py ADDRESS PROTO_FOLDER

Every step asserts what it gets; the last line printed is `ok`.
"""

import importlib
import pathlib
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status
from grpc_tools import protoc

PEOPLE = 25
PAGE = 10


class Generated:
    """Messages and calls by stubs generated from our .proto."""

    def __init__(self, channel, proto_folder):
        out = tempfile.mkdtemp(prefix="stubs")
        files = sorted(str(path) for path in pathlib.Path(proto_folder).glob("muster/v1/*.proto"))
        code = protoc.main(
            ["protoc", f"-I{proto_folder}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
        )
        assert code == 0, "the stubs are generated"
        sys.path.insert(0, out)
        self.modules = [
            importlib.import_module(f"muster.v1.{name}_pb2") for name in ("common", "catalog", "ingest", "query")
        ]
        self.stubs = {}
        for name in ("Catalog", "Ingest", "Query"):
            module = importlib.import_module(f"muster.v1.{name.lower()}_pb2_grpc")
            self.stubs[name] = getattr(module, f"{name}Stub")(channel)

    def message(self, name):
        return next(getattr(module, name) for module in self.modules if hasattr(module, name))

    def call(self, service, method, request):
        return getattr(self.stubs[service], method)(request, timeout=30)


class Reflected:
    """The same by reflection: nothing is known but the address."""

    def __init__(self, channel):
        self.channel = channel
        database = ProtoReflectionDescriptorDatabase(channel)
        services = set(database.get_services())
        assert {"muster.v1.Catalog", "muster.v1.Ingest", "muster.v1.Query", "muster.v1.Admin"} <= services, services
        assert "grpc.health.v1.Health" in services, services
        self.pool = descriptor_pool.DescriptorPool(database)

    def message(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"muster.v1.{name}"))

    def call(self, service, method, request):
        found = self.pool.FindServiceByName(f"muster.v1.{service}").FindMethodByName(method)
        reply = message_factory.GetMessageClass(found.output_type)
        kind = self.channel.unary_stream if found.server_streaming else self.channel.unary_unary
        invoke = kind(
            f"/muster.v1.{service}/{method}",
            request_serializer=lambda it: it.SerializeToString(),
            response_deserializer=reply.FromString,
        )
        return invoke(request, timeout=30)


def make(client, entity_type):
    """A type with a tag of some kinds, and PEOPLE entities in one batch."""
    new = client.message
    kinds = {"age": "TAG_KIND_INT", "city": "TAG_KIND_CHOICE", "vip": "TAG_KIND_FLAG", "spend": "TAG_KIND_DECIMAL"}
    client.call("Catalog", "CreateType", new("CreateTypeRequest")(name=entity_type))
    for name, kind in kinds.items():
        tag = new("Tag")(name=name, scale=2 if name == "spend" else 0)
        tag.kind = new("Tag").DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_name[kind].number
        client.call("Catalog", "CreateTag", new("CreateTagRequest")(entity_type=entity_type, tag=tag))
    batch = new("WriteRequest")(entity_type=entity_type)
    batch.source.source = f"python-{entity_type}"
    batch.source.sequence = 1
    for number in range(PEOPLE):
        entity = batch.entities.add()
        entity.key.text = f"u{number:02}"
        entity.changes.add().set.CopyFrom(new("SetTag")(tag="age", value=new("Value")(int=20 + number)))
        city = "北京" if number % 2 == 0 else "Berlin"
        entity.changes.add().set.CopyFrom(new("SetTag")(tag="city", value=new("Value")(text=city)))
        spend = new("Value")(written=f"{number}.50")
        entity.changes.add().set.CopyFrom(new("SetTag")(tag="spend", value=spend))
        if number < 5:
            entity.changes.add().set.CopyFrom(new("SetTag")(tag="vip", value=new("Value")(flag=True)))
    written = client.call("Ingest", "Write", batch)
    assert written.new_entities == PEOPLE and not written.repeated, written
    assert written.durable_version >= written.version, written
    again = client.call("Ingest", "Write", batch)
    assert again.repeated and again.version == written.version, again


def ask(client, entity_type):
    """Counts, and pages through members."""
    new = client.message
    context = new("QueryContext")(entity_type=entity_type)
    reply = client.call("Query", "Count", new("CountRequest")(context=context, text="city = 北京"))
    assert (reply.count, reply.live) == (13, PEOPLE), reply
    assert reply.info.canonical == "city = 北京" and len(reply.info.fingerprint) == 32, reply
    reply = client.call("Query", "Count", new("CountRequest")(context=context, text="vip 且 spend >= 2.50"))
    assert reply.count == 3, reply
    request = new("IsMemberBatchRequest")(context=context, text_keys=["u24", "nobody", "u03", "u24"])
    for text in ("vip", "age >= 44"):
        request.queries.add(name=text, text=text)
    reply = client.call("Query", "IsMemberBatch", request)
    assert list(reply.unknown.places) == [1], reply
    assert [list(item.members.places) for item in reply.items] == [[2], [0, 3]], reply
    keys, token, pages = [], b"", 0
    while True:
        request = new("MembersRequest")(
            context=context, text="age >= 22", limit=PAGE, page_token=token, with_tags=["age"]
        )
        ages, found, token = [], [], b""
        for message in client.call("Query", "Members", request):
            found += message.text_keys
            ages += [cell.value.int for column in message.columns for cell in column.cells]
            token = message.next_page_token or token
        assert ages == [20 + int(key[1:]) for key in found], (found, ages)
        assert len(found) <= PAGE, found
        keys += found
        pages += 1
        if not token:
            break
    assert sorted(keys) == [f"u{number:02}" for number in range(2, PEOPLE)], keys
    assert pages == 3, pages


def refuse(client, entity_type):
    """The details of an error: what, and where in the text."""
    new = client.message
    text = "city = 北京 AND agee > 3"
    request = new("CountRequest")(context=new("QueryContext")(entity_type=entity_type), text=text)
    try:
        client.call("Query", "Count", request)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        assert status is not None, error
        details = {detail.type_url.rsplit(".", 1)[1]: detail for detail in status.details}
        info = error_details_pb2.ErrorInfo()
        assert details["ErrorInfo"].Unpack(info), status
        assert info.domain and info.reason, info
        request = error_details_pb2.BadRequest()
        assert details["BadRequest"].Unpack(request), status
        assert request.field_violations, request
        place = dict(info.metadata)
        start, end = int(place["byte_start"]), int(place["byte_end"])
        assert text.encode()[start:end].decode() == "agee", place
        start, end = int(place["utf16_start"]), int(place["utf16_end"])
        assert text[start:end] == "agee", place
        assert "age" in status.message, status
        return
    raise AssertionError("an unknown tag is refused")


def main():
    address, proto_folder = sys.argv[1:]
    channel = grpc.insecure_channel(address)
    grpc.channel_ready_future(channel).result(timeout=30)
    for entity_type, client in (("by_reflection", Reflected(channel)), ("by_stubs", Generated(channel, proto_folder))):
        make(client, entity_type)
        ask(client, entity_type)
        refuse(client, entity_type)
        print(entity_type)
    print("ok")


main()
