"""A model hub on this machine: answers as huggingface.co does, and misbehaves where a test says so.

Two servers: the hub (API, small files, redirects) and the store that large files are redirected to, on another port. Every request is
recorded. A fault is a function put into `hub.faults`, keyed by a beginning of the path; it gets the handler and either answers the request
itself (returns True) or lets it pass. What a file server does wrong is said by a Wrong for a path, used up one a request.
"""
import hashlib
import http.server
import json
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass

PAGE = 3   # files a page: small, so that most listings have several


@dataclass
class Wrong:
    """One misbehaviour of an answer with bytes."""
    cut: int = None          # the connection ends after so many bytes of the body
    stall: int = None        # after so many bytes nothing more comes
    ignore_range: bool = False   # 200 and the whole, whatever was asked for
    length: int = None       # added to Content-Length
    chunked: bool = False    # no Content-Length; with `cut` it ends in good order, too early
    flip: int = None         # this byte of the file is wrong
    shift: int = 0           # the range begins so many bytes later than asked (and says so)
    lie: int = 0             # the same, without saying so
    total: int = None        # total of Content-Range
    status: int = None       # this status, without body
    etag: str = None         # another X-Linked-Etag (and ETag)
    encoding: str = None     # Content-Encoding


def git_hash(data):
    return hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()


class Repo:
    def __init__(self, files, revisions=('main',), large=('.gguf', '.safetensors')):
        self.files = files
        self.commit = hashlib.sha1(repr(sorted((p, hashlib.sha256(d).hexdigest()) for p, d in files.items())).encode()).hexdigest()
        self.revisions = {*revisions, self.commit}
        self.large = large

    def is_large(self, path):
        return path.endswith(self.large)

    def hash(self, path):
        data = self.files[path]
        return hashlib.sha256(data).hexdigest() if self.is_large(path) else git_hash(data)

    def entry(self, path):
        data = self.files[path]
        e = {'type': 'file', 'oid': git_hash(data), 'size': len(data), 'path': path}
        if self.is_large(path):
            e['lfs'] = {'oid': self.hash(path), 'size': len(data), 'pointerSize': 134}
        return e

    def listing(self):
        folders = sorted({p.rsplit('/', 1)[0] for p in self.files if '/' in p})
        return [{'type': 'directory', 'oid': '0' * 40, 'size': 0, 'path': f} for f in folders] + [self.entry(p) for p in sorted(self.files)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_GET(self):
        hub = self.server.hub
        self.path_only, _, query = self.path.partition('?')
        self.query = urllib.parse.parse_qs(query)
        with hub.lock:
            hub.requests.append((self.server.role, self.path, dict(self.headers)))
            fault = next((f for beginning, f in hub.faults.items() if self.path.startswith(beginning)), None)
        try:
            if fault and fault(self):
                return
            if self.server.role == 'store':
                self.send_stored()
            elif self.path.startswith('/api/models/'):
                self.send_api()
            else:
                self.send_resolved()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, code, body=b'', headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code, error='', message=''):
        self.answer(code, json.dumps({'error': message}).encode(), [('X-Error-Code', error), ('X-Error-Message', message)])

    def redirect(self, where, headers=(), code=302):
        self.answer(code, b'', [('Location', where), *headers])

    def send_json(self, value, headers=()):
        self.answer(200, json.dumps(value).encode(), [('Content-Type', 'application/json; charset=utf-8'), *headers])

    def find_repo(self, parts):
        """The repository of USER/REPO and the rest; the refusal is sent if there is none or it isn't for this caller."""
        hub = self.server.hub
        name = '/'.join(parts[:2])
        repo = hub.repos.get(name)
        token = self.headers.get('Authorization', '')
        if repo is None or (name in hub.private and token != f'Bearer {hub.token}'):
            self.refuse(401 if not token else 404, 'RepoNotFound', 'Repository not found')
            return None
        return repo

    def send_api(self):
        parts = [urllib.parse.unquote(p) for p in self.path_only.split('/')[3:]]
        repo = self.find_repo(parts)
        if repo is None:
            return
        kind, revision = parts[2], parts[3]
        if revision not in repo.revisions:
            self.refuse(404, 'RevisionNotFound', f'Invalid rev id: {revision}')
        elif kind == 'revision':
            self.send_json({'id': '/'.join(parts[:2]), 'sha': repo.commit, 'private': False, 'gated': False, 'siblings': [{'rfilename': p} for p in repo.files]})
        else:
            self.send_listing(repo.listing())

    def send_listing(self, entries):
        first = int(self.query.get('cursor', ['0'])[0])
        more = []
        if first + PAGE < len(entries):
            more = [('Link', f'<{self.server.hub.address}{self.path_only}?recursive=true&cursor={first + PAGE}>; rel="next"')]
        self.send_json(entries[first:first + PAGE], more)

    def send_resolved(self):
        parts = [urllib.parse.unquote(p) for p in self.path_only.split('/')[1:]]
        repo = self.find_repo(parts)
        if repo is None:
            return
        revision, path = parts[3], '/'.join(parts[4:])
        name = '/'.join(parts[:2])
        hub = self.server.hub
        if path not in repo.files or revision not in repo.revisions:
            self.refuse(404, 'EntryNotFound', 'Entry not found')
        elif name in hub.gated and self.headers.get('Authorization') != f'Bearer {hub.token}':
            self.refuse(403 if self.headers.get('Authorization') else 401, 'GatedRepo', f'Access to model {name} is restricted.')
        elif repo.is_large(path):
            wrong = hub.peek(path)
            etag = wrong.etag if wrong and wrong.etag else repo.hash(path)
            self.redirect(f'{hub.store_address}/{name}/{path}?Signature=secret',
                          [('X-Linked-Etag', f'"{etag}"'), ('X-Linked-Size', str(len(repo.files[path]))), ('X-Repo-Commit', repo.commit), ('ETag', f'"{etag}"')])
        elif 'cached' not in self.query:
            self.redirect(f'{self.path_only}?cached=1', [('X-Repo-Commit', repo.commit)], 307)   # relative, as the hub does for small files
        else:
            self.send_file(repo.files[path], repo.hash(path), path, [('X-Repo-Commit', repo.commit)])

    def send_stored(self):
        parts = [urllib.parse.unquote(p) for p in self.path_only.split('/')[1:]]
        path = '/'.join(parts[2:])
        self.send_file(self.server.hub.repos['/'.join(parts[:2])].files[path], 'of-the-store', path)

    def send_file(self, data, etag, path, headers=()):
        wrong = self.server.hub.take(path) or Wrong()
        if wrong.status:
            self.refuse(wrong.status)
            return
        first, code = 0, 200
        asked = self.headers.get('Range')
        if asked and not wrong.ignore_range:
            first, code = int(asked[len('bytes='):-1]) + wrong.shift, 206
            if first >= len(data):
                self.answer(416, b'', [('Content-Range', f'bytes */{len(data)}')])
                return
        if wrong.flip is not None:
            data = data[:wrong.flip] + bytes([data[wrong.flip] ^ 1]) + data[wrong.flip + 1:]
        body = data[first + wrong.lie:]
        self.send_response(code)
        self.send_header('ETag', f'"{wrong.etag or etag}"')
        if code == 206:
            self.send_header('Content-Range', f'bytes {first}-{len(data) - 1}/{len(data) if wrong.total is None else wrong.total}')
        for name, value in headers:
            self.send_header(name, value)
        if wrong.encoding:
            self.send_header('Content-Encoding', wrong.encoding)
        if wrong.chunked:
            self.send_header('Transfer-Encoding', 'chunked')
        else:
            self.send_header('Content-Length', str(len(body) + (wrong.length or 0)))
        self.end_headers()
        self.send_body(body, wrong)

    def send_body(self, body, wrong):
        end = min(x for x in (wrong.cut, wrong.stall, len(body)) if x is not None)
        if wrong.chunked:
            self.wfile.write(b'%x\r\n' % end + body[:end] + b'\r\n0\r\n\r\n' if end else b'0\r\n\r\n')
        elif self.server.hub.pace:
            for at in range(0, end, 65536):
                self.wfile.write(body[at:min(end, at + 65536)])
                time.sleep(self.server.hub.pace)
        else:
            self.wfile.write(body[:end])
        if wrong.stall is not None:
            self.wfile.flush()
            self.server.hub.stopped.wait(60)
        if wrong.cut is not None or wrong.stall is not None or wrong.length:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Connections that end in the middle are what these tests are about."""


class Hub:
    def __init__(self, certificate=None):
        self.repos, self.faults, self.wrongs, self.requests = {}, {}, {}, []
        self.gated, self.private, self.token = set(), set(), 'hf_right'
        self.pace = 0    # seconds between pieces of 64 KiB
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.servers = [self.serve('hub', certificate), self.serve('store', None)]
        scheme = 'https' if certificate else 'http'
        self.address = f'{scheme}://127.0.0.1:{self.servers[0].server_port}'
        self.store_address = f'http://127.0.0.1:{self.servers[1].server_port}'

    def serve(self, role, certificate):
        server = Server(('127.0.0.1', 0), Handler)
        server.role, server.hub = role, self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def stop(self):
        self.stopped.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def take(self, path):
        """The next misbehaviour of a file, used up."""
        with self.lock:
            wrongs = self.wrongs.get(path) or []
            return wrongs.pop(0) if wrongs else None

    def peek(self, path):
        with self.lock:
            wrongs = self.wrongs.get(path) or []
            return wrongs[0] if wrongs else None

    def fetched(self, part):
        """The requests that ended with bytes of a file (not the redirects before)."""
        with self.lock:
            return [r for r in self.requests if part in r[1] and (r[0] == 'store' or 'cached=1' in r[1])]
