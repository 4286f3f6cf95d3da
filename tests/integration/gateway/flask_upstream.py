"""A small Flask application for gunicorn, run as the services are; it writes down each request it is given."""

import os

from flask import Flask, Response, request

app = Flask(__name__)
app.url_map.merge_slashes = False


@app.route("/", defaults={"path": ""}, methods=["GET", "POST", "DELETE"])
@app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
def anything(path: str) -> Response:
    """Note the request's line and length; read the body, as a service would."""
    line = f"{request.method} /{path} {len(request.get_data())}\n"
    descriptor = os.open(os.environ["SEEN_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)
    return Response('{"seen": true}', content_type="application/json")
