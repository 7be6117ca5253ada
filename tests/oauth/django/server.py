"""An OAuth server for tests: django-oauth-toolkit on loopback, with an account, clients and records to pull.

    python server.py [PORT]

Prints one line of JSON when it listens: addresses, the account and the clients. Ends when its standard input does, and
after OAUTH_SERVER_LIFE seconds. The database is in a folder of its own, which goes with it.

The environment may set OAUTH_SERVER_LIFE, OAUTH_TOKEN_LIFE (seconds), OAUTH_TOKEN_USES (requests for records that an
access token is good for; 0: all), OAUTH_RECORDS (how many there are) and OAUTH_POLL_INTERVAL (seconds, for a device).
"""

import json
import os
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import django
from django.conf import settings

ACCOUNT = {"username": "grace", "password": "rear admiral hopper"}
SECRETS = {"confidential": "the-secret-of-river-confidential", "machine": "a:secret/with 50% + more"}
RECORDS = int(os.environ.get("OAUTH_RECORDS", 25))
TOKEN_USES = int(os.environ.get("OAUTH_TOKEN_USES", 0))

uses = Counter()
token_requests = []


def configure(folder):
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "database.sqlite3",
                # Writers wait for each other from the first statement on: no request fails since two came at once.
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "oauth2_provider",
        ],
        LOGGING_CONFIG=None,
        LOGIN_URL="/login/",
        # The tables are made from the models at once: no database was there before.
        MIGRATION_MODULES=dict.fromkeys(["auth", "contenttypes", "sessions", "oauth2_provider"]),
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            f"{__name__}.note_token_requests",
        ],
        OAUTH2_PROVIDER={
            "ACCESS_TOKEN_EXPIRE_SECONDS": int(os.environ.get("OAUTH_TOKEN_LIFE", 3600)),
            "SCOPES": {"records": "Read the records"},
            "DEFAULT_SCOPES": ["records"],
            "DEVICE_FLOW_INTERVAL": int(os.environ.get("OAUTH_POLL_INTERVAL", 1)),
        },
        # Passwords and client secrets of a test need no slow hash.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.urandom(32).hex(),
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [Path(__file__).parent / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()


def populate():
    """Makes the tables, the account and a client for each grant: the toolkit allows one grant a client."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", run_syncdb=True, verbosity=0)
    user = User.objects.create_user(**ACCOUNT)
    clients = [
        ("confidential", "confidential", "authorization-code"),
        ("public", "public", "authorization-code"),
        ("password", "public", "password"),
        ("machine", "confidential", "client-credentials"),
        ("device", "public", "urn:ietf:params:oauth:grant-type:device_code"),
    ]
    for name, kind, grant in clients:
        get_application_model().objects.create(
            client_id=f"river-{name}",
            client_secret=SECRETS.get(name, ""),
            client_type=kind,
            authorization_grant_type=grant,
            name=f"River ({name})",
            redirect_uris="http://127.0.0.1/callback",
            user=user,
        )
    return {
        name: {"client_id": f"river-{name}"} | ({"client_secret": SECRETS[name]} if name in SECRETS else {})
        for name, _, _ in clients
    }


def note_token_requests(get_response):
    """Notes every request to the token endpoint, without what is secret in it."""

    def answer(request):
        response = get_response(request)
        if request.path == "/o/token/":
            token_requests.append(
                {
                    "grant_type": request.POST.get("grant_type"),
                    "proof": proof(request),
                    "status": response.status_code,
                    "error": json.loads(response.content or b"{}").get("error"),
                }
            )
        return response

    return answer


def proof(request):
    if request.headers.get("Authorization", "").startswith("Basic "):
        return "basic"
    return "body" if "client_secret" in request.POST else "none"


def records(request):
    """GET /records?page=1&per_page=10."""
    from django.http import JsonResponse
    from oauth2_provider.oauth2_backends import get_oauthlib_core

    is_valid, asked = get_oauthlib_core().verify_request(request, scopes=["records"])
    token = asked.access_token.token if is_valid else None
    uses[token] += 1
    if not is_valid or (TOKEN_USES and uses[token] > TOKEN_USES):
        challenge = {"WWW-Authenticate": 'Bearer realm="records", error="invalid_token"'}
        return JsonResponse({"error": "invalid_token"}, status=401, headers=challenge)
    page, per_page = (int(request.GET.get(name, default)) for name, default in (("page", 1), ("per_page", 10)))
    numbers = range((page - 1) * per_page + 1, min(page * per_page, RECORDS) + 1)
    found = [{"id": number, "name": f"record {number}"} for number in numbers]
    return JsonResponse({"records": found, "page": page, "more": page * per_page < RECORDS})


def urls():
    from django.contrib.auth.views import LoginView
    from django.http import JsonResponse
    from django.urls import include, path

    return [
        path("login/", LoginView.as_view()),
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        path("records", records),
        path("token-requests", lambda request: JsonResponse(token_requests, safe=False)),
    ]


def listen(port):
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    return server


def described(origin, clients):
    return {
        "issuer": origin,
        "authorize_url": f"{origin}/o/authorize/",
        "token_url": f"{origin}/o/token/",
        "device_url": f"{origin}/o/device-authorization/",
        "revoke_url": f"{origin}/o/revoke_token/",
        "introspect_url": f"{origin}/o/introspect/",
        "records_url": f"{origin}/records",
        "token_requests_url": f"{origin}/token-requests",
        "account": ACCOUNT,
        "clients": clients,
    }


def stop_with_input(server):
    # Not `sys.stdin`, whose lock a thread that waits would hold when the interpreter ends.
    while os.read(0, 4096):
        pass
    server.shutdown()


def main():
    global urlpatterns  # Django looks for them in the module that ROOT_URLCONF names, which is this one.
    with tempfile.TemporaryDirectory(prefix="river-django-") as folder:
        configure(Path(folder))
        urlpatterns = urls()
        clients = populate()
        server = listen(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
        origin = f"http://127.0.0.1:{server.server_port}"
        settings.OAUTH2_PROVIDER["OAUTH_DEVICE_VERIFICATION_URI"] = f"{origin}/o/device/"
        print(json.dumps(described(origin, clients)), flush=True)
        threading.Thread(target=stop_with_input, args=[server], daemon=True).start()
        life = threading.Timer(float(os.environ.get("OAUTH_SERVER_LIFE", 600)), server.shutdown)
        life.daemon = True
        life.start()
        server.serve_forever()


main()
