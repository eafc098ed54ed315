"""The API's document: valid, complete, with examples."""

from openapi_spec_validator import validate

from tests.api.edge import Edge


def test_document_is_valid(edge: Edge) -> None:
    """The OpenAPI document is valid 3.1, and every operation says what it does."""
    document = edge.app.openapi()

    validate(document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)
            assert operation.get("tags"), (method, path)


def test_every_input_has_examples(edge: Edge) -> None:
    """Every field that a caller fills in shows an example or has a default."""
    schemas = edge.app.openapi()["components"]["schemas"]
    bodies = [name for name in schemas if name.endswith(("In", "Request", "Change", "Event"))]
    lacking = [
        f"{name}.{field}"
        for name in bodies
        for field, shape in schemas[name].get("properties", {}).items()
        if not shape.get("examples") and "default" not in shape and field in schemas[name].get("required", [])
    ]

    assert [] == lacking


def test_docs_page_lists_every_operation(edge: Edge) -> None:
    """The page for people names every path of the document."""
    page = edge.client.get("/api/docs").text

    assert [path for path in edge.app.openapi()["paths"] if path not in page] == []
