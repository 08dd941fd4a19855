"""Asks a service through a client that was generated from its OpenAPI document: ADDRESS PHOTOGRAPH. Prints what it got as JSON."""

import io
import json
import sys

from dvml_client import AuthenticatedClient, Client
from dvml_client.api.default import decide, embed, info, items, search
from dvml_client.models import DecisionRequest, DecisionRequestKind, Photographs, Problem, Query
from dvml_client.types import File

address, photograph, token = sys.argv[1:]
client = Client(base_url=address)
data = open(photograph, "rb").read()


def one():
    return File(payload=io.BytesIO(data), file_name="a.jpg", mime_type="image/jpeg")


first = items.sync(client=client, limit=1).items[0]
refused = search.sync(client=client, body=Query(like=[4711]))
assert isinstance(refused, Problem) and refused.status == 404, refused
without = decide.sync(client=client, body=DecisionRequest(kind=DecisionRequestKind.ODD, a=first.hash_, value="odd"))
assert isinstance(without, Problem) and without.status == 401, without
writer = AuthenticatedClient(base_url=address, token=token)
decided = decide.sync(client=writer, body=DecisionRequest(kind=DecisionRequestKind.ODD, a=first.hash_, value="odd"))
print(json.dumps({
    "items": info.sync(client=client).index.items,
    "embedding": embed.sync(client=client, body=one()).embeddings[0],
    "two": len(embed.sync(client=client, body=Photographs(image=[one(), one()])).embeddings),
    "found": [hit.item.id for hit in search.sync(client=client, body=one(), k=3).hits],
    "like": [hit.item.id for hit in search.sync(client=client, body=Query(like=[1, 6], k=3)).hits],
    "decided": decided.value,
}))
