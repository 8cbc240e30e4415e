#!/usr/bin/env python3
"""mote pull against a hub that misbehaves.

    tests/pull/run.py CASE...      runs cases (functions case_NAME below); without one, all
Each case has a home of its own, asserts exit code and message, and that the cache shows nothing but whole files. MOTE_PROGRAM is the
program under test. Exit code 77: skipped.
"""
import fcntl
import glob
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from hub import Hub, Repo, Wrong, git_hash

HERE = os.path.dirname(os.path.abspath(__file__))
MOTE = os.path.abspath(os.environ.get('MOTE_PROGRAM') or 'build/release/mote')
SLOW = float(os.environ.get('MOTE_SLOW_FACTOR', '1'))
with open(os.path.join(HERE, '..', 'cli', 'tiny.gguf'), 'rb') as f:
    TINY = f.read()
BYTES = random.Random(6).randbytes(600_000)


class Skip(Exception):
    pass


def tiny_repo(**more):
    """Three quants, and what else lies in a repository."""
    return Repo({'README.md': b'# tiny', '.gitattributes': b'*', 'tiny-Q4_K_M.gguf': TINY, 'tiny-Q8_0.gguf': BYTES[:5000], 'tiny-IQ2_XS.gguf': BYTES[:3000],
                 'mmproj-tiny-Q8_0.gguf': b'GGUF', 'sub/folder/notes.txt': b'x'}, **more)


def folder_repo(**more):
    return Repo({'README.md': b'# folder', 'config.json': b'{"model_type":"llama"}', 'generation_config.json': b'{}', 'tokenizer.json': b'{"a":1}', 'tokenizer_config.json': b'{}',
                 'chat_template.jinja': b'{{ 1 }}', 'modules.json': b'[]', '1_Pooling/config.json': b'{"x":1}', 'model.safetensors.index.json': b'{"weight_map":{}}',
                 'model-00001-of-00002.safetensors': BYTES[:200000], 'model-00002-of-00002.safetensors': BYTES[:70001], 'consolidated.safetensors': BYTES[:9],
                 'original/model.safetensors': BYTES[:8], 'onnx/model.onnx': b'o', 'trainer_state.json': b'{}', 'pytorch_model.bin': b'b'}, **more)


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Place:
    """A hub and a home of a case."""

    def __init__(self, certificate=None):
        self.home = tempfile.mkdtemp(prefix='mote-pull-')
        self.hub = Hub(certificate)
        self.cache = os.path.join(self.home, '.cache/huggingface/hub')
        keep = {k: v for k, v in os.environ.items() if k in ('PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'TSAN_OPTIONS', 'LD_LIBRARY_PATH')}
        self.env = {**keep, 'HOME': self.home, 'HF_ENDPOINT': self.hub.address, 'LC_ALL': 'C.UTF-8', 'no_proxy': '*'}
        self.hub.repos['org/tiny'] = tiny_repo()
        self.hub.repos['org/folder'] = folder_repo()
        self.hub.repos['org/big'] = Repo({'big.gguf': BYTES})

    def close(self):
        self.hub.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, *arguments, **env):
        return subprocess.Popen([MOTE, *arguments], env={**self.env, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait(self, process, seconds=60):
        try:
            out, err = process.communicate(timeout=seconds * SLOW)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f'still running after {seconds * SLOW} s')
        return Said(process.returncode, out, err)

    def mote(self, *arguments, seconds=60, **env):
        return self.wait(self.start(*arguments, **env), seconds)

    def pull(self, name, code=0, says='', **env):
        said = self.mote('pull', name, **env)
        assert said.code == code, f'pull {name}: exit {said.code}, expected {code}: {said.err}'
        assert re.search(says, said.err), f'pull {name} says {said.err!r}, expected {says!r}'
        assert 'hf_' not in said.err, f'a token is shown: {said.err}'
        self.check()
        return said

    def repo(self, name):
        return os.path.join(self.cache, 'models--' + name.replace('/', '--'))

    def blobs(self, name):
        return sorted(os.listdir(self.repo(name) + '/blobs')) if os.path.isdir(self.repo(name) + '/blobs') else []

    def snapshot(self, name):
        """What is visible: path -> bytes."""
        top = f'{self.repo(name)}/snapshots/{self.hub.repos[name].commit}'
        found = {}
        for folder, _, files in os.walk(top):
            for file in files:
                path = os.path.join(folder, file)
                with open(path, 'rb') as f:
                    found[os.path.relpath(path, top)] = f.read()
        return found

    def check(self):
        """Whatever happened: every blob is what its name says, every link leads to one, nothing lies about under another name."""
        for path in glob.glob(f'{self.cache}/models--*/blobs/*'):
            name = os.path.basename(path)
            if name.endswith('.incomplete'):
                continue
            with open(path, 'rb') as f:
                data = f.read()
            assert name in (hashlib.sha256(data).hexdigest(), git_hash(data)), f'a blob isn\'t what its name says: {path}'
        for folder, _, files in os.walk(self.cache):
            for file in files:
                path = os.path.join(folder, file)
                if '/snapshots/' in path:
                    assert os.path.islink(path) and os.path.realpath(path).startswith(os.path.realpath(self.cache)) and os.path.isfile(path), f'no link to a blob: {path}'
                else:
                    assert re.search(r'/(blobs/[0-9a-f]{40,64}(\.incomplete)?|refs/\S+|\.locks/\S+\.lock)$', path), f'what is {path}?'

    def nothing(self, name):
        """Neither a file nor the beginning of one is left, and nothing is visible."""
        assert self.blobs(name) == [], f'left: {self.blobs(name)}'
        assert not os.path.isdir(self.repo(name) + '/snapshots'), 'a snapshot is visible'
        assert self.mote('models', 'path', name).code == 1


def case_file(p):
    said = p.pull('org/tiny', says=r'org/tiny:Q4_K_M is here: 40\.8 KiB, /')
    assert said.out == ''
    path = p.mote('models', 'path', 'org/tiny').out.strip()
    commit = p.hub.repos['org/tiny'].commit
    assert path == f'{p.repo("org/tiny")}/snapshots/{commit}/tiny-Q4_K_M.gguf'
    assert os.readlink(path) == '../../blobs/' + hashlib.sha256(TINY).hexdigest()
    assert p.snapshot('org/tiny') == {'tiny-Q4_K_M.gguf': TINY}
    with open(p.repo('org/tiny') + '/refs/main') as f:
        assert f.read() == commit
    p.hub.requests.clear()
    for name in ('org/tiny', 'org/tiny:q4_k_m', 'hf.co/org/tiny:Q4_K_M', 'https://huggingface.co/org/tiny', f'org/tiny@{commit}'):
        assert p.mote('models', 'path', name).out.strip() == path, name
    run = p.mote('run', '-q', '-m', 'org/tiny:Q4_K_M', '-n', '3', '--temp', '0', 'hello')
    assert run.code == 0 and run.out, run.err
    assert '"name":"org/tiny:Q4_K_M","installed":true' in p.mote('models', '--json').out
    assert re.search(r'^org/tiny:Q4_K_M +installed +40\.8 KiB', p.mote('models').out, re.M)
    assert p.hub.requests == [], 'something but pull asked the hub'


def case_again(p):
    p.pull('org/tiny')
    p.pull('org/tiny:Q4_K_M')
    assert len(p.hub.fetched('tiny-Q4_K_M')) == 1, 'fetched again'
    said = p.mote('pull', 'org/tiny', HF_HUB_OFFLINE='1', HF_ENDPOINT='http://127.0.0.1:1')
    assert said.code == 0 and 'is here' in said.err
    # The same bytes under another name are there already.
    p.hub.repos['org/tiny'] = Repo({'renamed-Q4_0.gguf': TINY})
    p.pull('org/tiny')
    assert not p.hub.fetched('renamed'), 'fetched what was there'
    assert p.mote('models', 'path', 'org/tiny').out.endswith('/renamed-Q4_0.gguf\n')


def case_json(p):
    said = p.mote('pull', '--json', 'org/tiny')
    assert said.code == 0 and said.err == '' and re.fullmatch(r'\{"name":"org/tiny:Q4_K_M","path":"/[^"]*tiny-Q4_K_M.gguf"\}\n', said.out), said.out


def case_quants(p):
    p.pull('org/tiny:iq2_xs', says='org/tiny:IQ2_XS is here')
    p.pull('org/tiny:Q5_K_M', code=1, says='no Q5_K_M; there are: IQ2_XS Q4_K_M Q8_0')
    p.pull('org/tiny:Q4_K', code=1, says='no Q4_K;')
    p.pull('org/tiny:safetensors', code=1, says='no safetensors')
    p.hub.repos['org/several'] = Repo({'a-Q2_K.gguf': b'GGUF1', 'a-IQ3_M.gguf': b'GGUF2'})
    p.pull('org/several', code=1, says='several models; org/several:QUANT names one: IQ3_M Q2_K')
    p.hub.repos['org/several'] = Repo({'a-Q2_K.gguf': b'GGUF1', 'a-Q8_0.gguf': b'GGUF2', 'b-UD-Q2_K.gguf': b'GGUF3'})
    assert p.pull('org/several').err.startswith('mote: org/several:Q8_0')
    p.pull('org/several:Q2_K')
    assert p.mote('models', 'path', 'org/several:Q2_K').out.endswith('/a-Q2_K.gguf\n')
    p.hub.repos['org/none'] = Repo({'README.md': b'x', 'model.bin': b'y'})
    p.pull('org/none', code=1, says='no model that mote reads')


def case_folder(p):
    p.pull('org/folder', says='org/folder is here')
    seen = set(p.snapshot('org/folder'))
    assert seen == {'config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'modules.json', '1_Pooling/config.json',
                    'model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'}, seen
    path = p.mote('models', 'path', 'org/folder').out.strip()
    assert os.path.isfile(path + '/config.json')
    assert os.readlink(path + '/1_Pooling/config.json') == '../../../blobs/' + git_hash(b'{"x":1}')
    assert '"name":"org/folder","installed":true' in p.mote('models', '--json').out


def case_parts(p):
    parts = {f'Q8_0/big-Q8_0-0000{i}-of-00003.gguf': BYTES[i * 1000:i * 90000] for i in (1, 2, 3)}
    p.hub.repos['org/parts'] = Repo({'README.md': b'x', **parts})
    p.pull('org/parts:q8_0')
    assert p.snapshot('org/parts') == parts
    assert p.mote('models', 'path', 'org/parts').out.endswith('/Q8_0/big-Q8_0-00001-of-00003.gguf\n')
    del parts['Q8_0/big-Q8_0-00002-of-00003.gguf']
    p.hub.repos['org/gap'] = Repo(parts)
    p.pull('org/gap', code=1, says='part 2 of 3 is missing')


def case_remove(p):
    p.pull('org/tiny')
    p.pull('org/tiny:Q8_0')
    assert p.mote('rm', 'org/tiny:Q8_0').code == 0
    assert p.blobs('org/tiny') == [hashlib.sha256(TINY).hexdigest()]
    p.check()
    old = p.hub.repos['org/tiny']
    p.hub.repos['org/tiny'] = Repo({'tiny-Q4_K_M.gguf': TINY, 'more.md': b'y'}, revisions=('main', 'v2'))
    p.pull('org/tiny@v2')
    assert p.mote('rm', f'org/tiny@{old.commit}').code == 0
    assert p.blobs('org/tiny') == [hashlib.sha256(TINY).hexdigest()], 'the other revision lost its blob'
    assert p.mote('rm', 'org/tiny@v2').code == 0
    assert not os.path.exists(p.repo('org/tiny'))
    said = p.mote('rm', 'org/tiny')
    assert said.code == 1 and 'mote pull org/tiny' in said.err, said.err


def case_revisions(p):
    p.hub.repos['org/tiny'] = tiny_repo(revisions=('main', 'v1.0', 'refs/pr/1'))
    commit = p.hub.repos['org/tiny'].commit
    p.pull('org/tiny@refs/pr/1', says='org/tiny:Q4_K_M@refs/pr/1 is here')
    with open(p.repo('org/tiny') + '/refs/refs/pr/1') as f:
        assert f.read() == commit
    p.pull('org/tiny:Q8_0@v1.0')
    assert p.mote('models', 'path', 'org/tiny@v1.0:Q8_0').code == 0
    p.pull(f'org/tiny:IQ2_XS@{commit}')
    assert not os.path.exists(f'{p.repo("org/tiny")}/refs/{commit}')
    p.pull('org/tiny@v9', code=1, says="no revision 'v9'")
    p.pull('org/tiny@../x', code=1, says='No such file')


def case_pages(p):
    files = {f'notes/{i:04}.txt': b'%d' % i for i in range(40)}
    p.hub.repos['org/pages'] = Repo({**files, 'z/model-Q4_0.gguf': TINY})
    p.pull('org/pages', says='org/pages:Q4_0')
    assert len([r for r in p.hub.requests if '/tree/' in r[1]]) > 10
    # A listing without an end.
    address = p.hub.address
    p.hub.faults['/api/models/org/pages/tree'] = lambda h: h.send_json([], [('Link', f'<{address}{h.path}>; rel="next"')]) or True
    p.pull('org/pages', code=1, says='more than 200 pages')


def entry(path='x-Q4_0.gguf', size=4, **more):
    return {'type': 'file', 'path': path, 'size': size, 'oid': 'a' * 40, 'lfs': {'oid': 'b' * 64, 'size': size}, **more}


def case_listings(p):
    """Listings that no hub sends."""
    bad = [([entry('../../../../x.gguf')], r"the path '\.\./"), ([entry('/etc/x-Q4_0.gguf')], "the path '/etc"), ([entry('a//b.gguf')], 'the path'), ([entry('a/./b.gguf')], 'the path'),
           ([entry('x\0.gguf')], 'the path|NUL'), ([entry('a\\b.gguf')], 'the path'), ([entry('a\nb.gguf')], 'the path'), ([entry('a' * 300 + '.gguf')], 'the path'),
           ([entry(size=-1)], 'no size'), ([entry(size=2**60)], r"no model's"), ([entry(size='4')], 'no size'), ([entry(lfs={'oid': '../x', 'size': 4})], 'no hash'),
           ([entry(lfs={'oid': 'B' * 64, 'size': 4})], 'no hash'), ([entry(lfs=None, oid='..')], 'no hash'), ({'error': 'x'}, 'not a list'), ([[[]]], 'no model that mote reads'),
           ([entry(size=2**45)], 'are free; nothing was downloaded')]
    for listing, says in bad:
        p.hub.faults = {'/api/models/org/tiny/tree': lambda h, l=listing: h.send_json(l) or True}
        said = p.mote('pull', 'org/tiny', '--mem-max', '100000G')
        assert said.code == 1 and re.search(says, said.err), f'{listing}: {said.code} {said.err}'
        p.nothing('org/tiny')
    for body, says in ((b'{', 'JSON'), (b'[' * 100000, 'JSON'), (b'[' + b' ' * (17 << 20) + b']', 'more than 16777216 bytes'), (b'', 'JSON'), (b'\xff', 'JSON|UTF-8')):
        p.hub.faults = {'/api/models/org/tiny/tree': lambda h, b=body: h.answer(200, b) or True}
        p.pull('org/tiny', code=1, says=says)
    for sha in ('main', '../../x', 'A' * 40, None):
        p.hub.faults = {'/api/models/org/tiny/revision': lambda h, s=sha: h.send_json({'sha': s}) or True}
        p.pull('org/tiny', code=1, says='names no commit')
    assert not [r for r in p.hub.requests if '/resolve/' in r[1]], 'a file was asked for'


def case_cut(p):
    for wrongs in ([Wrong(cut=100000)], [Wrong(cut=0)], [Wrong(cut=n) for n in (1, 65536, 300000, 7)], [Wrong(cut=0)] * 4,
                   [Wrong(cut=1000, chunked=True)], [Wrong(cut=9)] * 30):
        p.hub.wrongs['big.gguf'] = list(wrongs)
        p.hub.requests.clear()
        p.pull('org/big')
        ranges = [r[2].get('Range') for r in p.hub.fetched('big.gguf')]
        if wrongs[0].cut:
            assert ranges[1] == f'bytes={wrongs[0].cut}-', ranges
        assert p.snapshot('org/big') == {'big.gguf': BYTES}
        assert p.mote('rm', 'org/big').code == 0


def case_cut_always(p):
    p.hub.wrongs['big.gguf'] = [Wrong(cut=5000)] + [Wrong(cut=0)] * 50
    said = p.pull('org/big', code=1, says='big.gguf: 5000 of 600000 bytes came, the next pull goes on from there')
    assert p.blobs('org/big') == [hashlib.sha256(BYTES).hexdigest() + '.incomplete']
    assert p.mote('models', 'path', 'org/big').code == 1 and 'org/big' not in p.mote('models').out
    assert p.mote('run', '-m', 'org/big', 'x').code == 1
    p.hub.wrongs.clear()
    p.hub.requests.clear()
    p.pull('org/big')
    assert [r[2].get('Range') for r in p.hub.fetched('big.gguf')] == ['bytes=5000-']
    assert said.err.count('\n') == 1, said.err


def interrupted(p, wrong, ranges, code=0, says='is here'):
    """A pull that was cut after 100,000 bytes; then an answer that doesn't continue it."""
    p.hub.wrongs['big.gguf'] = [Wrong(cut=100000), wrong]
    p.hub.requests.clear()
    p.pull('org/big', code=code, says=says)
    got = [r[2].get('Range') for r in p.hub.fetched('big.gguf')]
    assert got == ranges, f'{wrong}: {got}'
    if code == 0:
        assert p.mote('rm', 'org/big').code == 0


def case_range(p):
    whole, rest = None, 'bytes=100000-'
    interrupted(p, Wrong(ignore_range=True), [whole, rest])
    interrupted(p, Wrong(shift=1), [whole, rest, whole])
    interrupted(p, Wrong(lie=1, length=1, cut=499999), [whole, rest, 'bytes=599999-', whole])
    interrupted(p, Wrong(total=600001), [whole, rest, whole])
    interrupted(p, Wrong(total=5), [whole, rest, whole])
    interrupted(p, Wrong(status=416), [whole, rest, whole])
    interrupted(p, Wrong(etag='f' * 64), [whole, rest, whole])  # another hash than the file's
    interrupted(p, Wrong(length=7), [whole, rest, whole])
    interrupted(p, Wrong(flip=500000), [whole, rest, whole])  # the hash tells, then once more from the beginning


def case_etag(p):
    """The hub's file changed between two pulls: what is held belongs to another blob, and stays out of it."""
    p.hub.wrongs['big.gguf'] = [Wrong(cut=5000)] + [Wrong(cut=0)] * 10
    p.pull('org/big', code=1)
    p.hub.wrongs.clear()
    p.hub.repos['org/big'] = Repo({'big.gguf': BYTES[::-1]})
    p.hub.requests.clear()
    p.pull('org/big')
    assert [r[2].get('Range') for r in p.hub.fetched('big.gguf')] == [None]
    assert p.snapshot('org/big') == {'big.gguf': BYTES[::-1]}


def case_incomplete(p):
    """What lies under .incomplete may be anything."""
    path = p.repo('org/big') + '/blobs/' + hashlib.sha256(BYTES).hexdigest() + '.incomplete'
    for held in (b'', BYTES[:1], BYTES[:-1], BYTES, b'x' * 1000, b'x' * len(BYTES), BYTES + b'more', BYTES[:599999] + b'x'):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(held)
        p.pull('org/big')
        assert p.snapshot('org/big') == {'big.gguf': BYTES}, held[:9]
        assert p.mote('rm', 'org/big').code == 0
    os.makedirs(os.path.dirname(path))
    other = os.path.join(p.home, 'other')
    with open(other, 'wb') as f:
        f.write(b'mine')
    os.symlink(other, path)
    said = p.mote('pull', 'org/big')
    with open(other, 'rb') as f:
        assert said.code == 1 and f.read() == b'mine'


def case_wrong_bytes(p):
    p.hub.wrongs['tiny-Q4_K_M.gguf'] = [Wrong(flip=30000)]
    p.pull('org/tiny', code=1, says=r'SHA-256 is [0-9a-f]{64}, the hub\'s listing says ' + hashlib.sha256(TINY).hexdigest())
    p.nothing('org/tiny')
    p.hub.wrongs['config.json'] = [Wrong(flip=3)]
    p.pull('org/folder', code=1, says="config.json: git's hash is")
    assert not os.path.isdir(p.repo('org/folder') + '/snapshots')
    p.hub.wrongs['config.json'] = []
    p.pull('org/folder')


def case_wrong_length(p):
    for length, says in ((1, 'the hub sends 41729 bytes, its listing says 41728'), (-1, 'sends 41727 bytes'), (1 << 40, 'sends 1099511669504 bytes')):
        p.hub.wrongs['tiny-Q4_K_M.gguf'] = [Wrong(length=length)]
        p.pull('org/tiny', code=1, says=says)
        p.nothing('org/tiny')
    p.hub.faults['/org/tiny/resolve'] = lambda h: h.redirect('/elsewhere', [('X-Linked-Size', '5'), ('X-Linked-Etag', '"x"')]) or True
    p.hub.faults['/elsewhere'] = lambda h: h.answer(200, TINY) or True
    p.pull('org/tiny', code=1, says='the hub sends 5 bytes')
    # More than was announced, without saying so.
    p.hub.faults['/org/tiny/resolve'] = lambda h: endless(h)
    p.pull('org/tiny', code=1, says='its listing says 41728')
    p.nothing('org/tiny')


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(64):
        handler.wfile.write(TINY)
    handler.close_connection = True
    return True


def case_token(p):
    p.hub.gated.add('org/tiny')
    p.hub.private.add('org/folder')
    p.pull('org/tiny', HF_TOKEN='hf_right')
    by_role = {role: [r[2].get('Authorization') for r in p.hub.requests if r[0] == role] for role in ('hub', 'store')}
    assert set(by_role['hub']) == {'Bearer hf_right'}, by_role
    assert by_role['store'] == [None], 'the token went to another host'
    p.pull('org/folder', HF_TOKEN='hf_right\n')
    os.makedirs(p.home + '/.cache/huggingface', exist_ok=True)
    with open(p.home + '/.cache/huggingface/token', 'w') as f:
        f.write('hf_right\n')
    assert p.mote('rm', 'org/tiny').code == 0
    p.pull('org/tiny')
    assert p.mote('rm', 'org/tiny').code == 0
    p.pull('org/tiny', code=1, says='gated', HF_HUB_DISABLE_IMPLICIT_TOKEN='1')
    for token in ('hf_right\nX-Evil: 1', 'hf_a b', 'hf_\x7f', 'hf_' + 'x' * 2000):
        p.hub.requests.clear()
        p.pull('org/tiny', code=1, says='token', HF_TOKEN=token)
        assert not p.hub.requests


def case_redirects(p):
    other, file = Hub(), p.hub.repos['org/tiny'].files['tiny-Q4_K_M.gguf']
    other.faults['/'] = lambda h: h.answer(200, file) or True
    for where, code, says in (('http://localhost:%d/x' % other.servers[0].server_port, 0, 'is here'), (other.address + '/x', 0, 'is here'), ('file:///etc/passwd', 1, 'rotocol'),
                              ('gopher://127.0.0.1/x', 1, 'rotocol'), ('//', 1, ''), ('http://', 1, ''), ('http://127.0.0.1:1/x', 1, 'connect'),
                              ('/org/tiny/resolve/again', 1, 'more than 10 redirects'), ('/' + 'x' * 5000, 1, 'redirected to an address of')):
        p.hub.faults['/org/tiny/resolve'] = lambda h, w=where: h.redirect(w) or True
        p.pull('org/tiny', code=code, says=says, HF_TOKEN='hf_right')
        if code == 0:
            assert p.mote('rm', 'org/tiny').code == 0
        else:
            assert not [b for b in p.blobs('org/tiny') if 'incomplete' not in b]
    assert other.requests and not [r for r in other.requests if 'Authorization' in r[2]], 'the token went to another host or port'
    # A page of the listing elsewhere doesn't get it either.
    other.requests.clear()
    other.faults['/'] = lambda h: h.send_json([]) or True
    p.hub.faults = {'/api/models/org/tiny/tree': lambda h: h.send_json([], [('Link', f'<{other.address}/more>; rel="next"')]) or True}
    p.pull('org/tiny', code=1, HF_TOKEN='hf_right')
    assert other.requests and 'Authorization' not in other.requests[0][2]
    other.stop()


def case_refusals(p):
    table = [(401, '', '', None, r'401.*HF_TOKEN'), (401, 'RepoNotFound', '', None, 'no model org/tiny'), (401, 'GatedRepo', 'x', None, r'gated \(401\): accept its terms at http.*/org/tiny, then set HF_TOKEN'),
             (403, 'GatedRepo', 'x', 'hf_b', "use that account's token"), (403, '', 'no way', 'hf_b', r'refuses \(403\): no way'), (404, 'RepoNotFound', '', None, 'no model org/tiny'),
             (404, '', '', 'hf_b', 'no model org/tiny'), (429, '', '', None, r'too many requests \(429\).*HF_TOKEN'), (500, '', '', None, r'in trouble \(500\)'),
             (503, '', '', None, r'in trouble \(503\)'), (418, '', 'teapot\x1b[2J', None, 'answers 418: teapot[^\x1b]*$'), (204, '', '', None, 'answers 204'), (304, '', '', None, 'answers 304')]
    for code, error, message, token, says in table:
        p.hub.faults = {'/api/models/org/tiny': lambda h, c=code, e=error, m=message: h.refuse(c, e, m) or True}
        began = time.time()
        p.pull('org/tiny', code=1, says=says, **({'HF_TOKEN': token} if token else {}))
        assert time.time() - began < 12 * SLOW
        p.nothing('org/tiny')
        p.hub.faults = {'/org/tiny/resolve': lambda h, c=code, e=error, m=message: h.refuse(c, e, m) or True}
        p.pull('org/tiny', code=1, **({'HF_TOKEN': token} if token else {}))
        assert not os.path.isdir(p.repo('org/tiny') + '/snapshots')
        shutil.rmtree(p.repo('org/tiny'))
    p.hub.faults = {'/api/': lambda h: h.answer(429, b'', [('Retry-After', '500')]) or True}
    p.pull('org/tiny', code=1, says='wait 500 seconds')


def case_passing_trouble(p):
    left = [500, 503, 429]

    def trouble(handler):
        if left:
            handler.answer(left.pop(), b'', [('Retry-After', '1')] if left else [])
            return True

    p.hub.faults = {'/api/models/org/tiny/tree': trouble, '/org/tiny/resolve': lambda h: trouble(h)}
    p.pull('org/tiny')
    assert p.mote('rm', 'org/tiny').code == 0
    left[:] = [500, 503, 502, 504]
    p.hub.faults.pop('/api/models/org/tiny/tree')
    p.pull('org/tiny')


def case_stall(p):
    p.hub.wrongs['big.gguf'] = [Wrong(stall=50000), Wrong(stall=0)]
    began = time.time()
    p.pull('org/big', HF_HUB_DOWNLOAD_TIMEOUT='1')
    assert 1.5 < time.time() - began < 20 * SLOW
    p.hub.faults = {'/api/': lambda h: h.server.hub.stopped.wait(60) or True}
    began = time.time()
    p.pull('org/tiny', code=1, says='[Tt]ime', HF_HUB_DOWNLOAD_TIMEOUT='1')
    assert time.time() - began < 30 * SLOW


def case_headers(p):
    p.hub.faults = {'/api/': lambda h: h.answer(200, b'{}', [(f'X-{i}', 'y' * 60000) for i in range(8)]) or True}
    p.pull('org/tiny', code=1, says='headers of more than')
    p.hub.faults = {'/api/': lambda h: h.wfile.write(b'\0\1\2 nonsense') and setattr(h, 'close_connection', True) or True}
    p.pull('org/tiny', code=1, says='http://')


def case_compressed(p):
    """A gzip bomb is not even opened."""
    p.pull('org/tiny')
    assert all(r[2].get('Accept-Encoding') == 'identity' for r in p.hub.requests)
    p.hub.faults = {'/api/': lambda h: h.answer(200, b'\x1f\x8b' + bytes(1000), [('Content-Encoding', 'gzip')]) or True}
    p.pull('org/tiny', code=1, says='compressed')
    p.hub.faults = {}
    p.hub.wrongs['tiny-Q8_0.gguf'] = [Wrong(encoding='gzip')]
    p.pull('org/tiny:Q8_0', code=1, says='compressed')


def case_memory(p):
    said = p.mote('pull', 'org/tiny', '--mem-max', '1K')
    assert said.code == 4 and 'at least 0.00 GiB' in said.err and '--mem-max' in said.err, said.err
    p.hub.faults = {'/api/models/org/tiny/tree': lambda h: h.send_json([entry(size=2**44)]) or True}
    said = p.mote('pull', 'org/tiny')
    assert said.code == 4 and re.search(r'at least 16384\.00 GiB of memory to run, this machine has \d+\.\d\d GiB; nothing was downloaded', said.err), said.err
    assert not [r for r in p.hub.requests if '/resolve/' in r[1]]
    p.nothing('org/tiny')


def case_sha256(p):
    right = hashlib.sha256(TINY).hexdigest()
    assert p.mote('pull', 'org/tiny', '--sha256', 'a' * 64).code == 1
    assert not [r for r in p.hub.requests if '/resolve/' in r[1]]
    p.nothing('org/tiny')
    assert p.mote('pull', 'org/tiny', '--sha256', right.upper()).code == 0
    assert p.mote('pull', 'org/tiny', '--sha256', 'short').code == 2
    assert p.mote('pull', 'org/tiny', '--name', 'x').code == 2


def case_settings(p):
    p.pull('org/tiny', HF_HOME=p.home + '/hf')
    assert os.path.isdir(p.home + '/hf/hub/models--org--tiny')
    p.pull('org/tiny', HF_HUB_CACHE=p.home + '/cache2')
    assert os.path.isdir(p.home + '/cache2/models--org--tiny')
    p.pull('org/tiny', XDG_CACHE_HOME=p.home + '/xdg')
    assert os.path.isdir(p.home + '/xdg/huggingface/hub/models--org--tiny')
    p.pull('org/tiny', HF_ENDPOINT=p.hub.address + '/')
    for endpoint in ('ftp://127.0.0.1', 'huggingface.co', 'file:///', 'http://a b', 'http://x?y'):
        p.pull('org/tiny', code=1, says='HF_ENDPOINT', HF_ENDPOINT=endpoint)
    began = time.time()
    p.pull('org/tiny', code=1, says='connect', HF_ENDPOINT='http://127.0.0.1:1')
    p.pull('org/tiny', code=1, says='resolve', HF_ENDPOINT='http://no-such-host.invalid')
    assert time.time() - began < 30 * SLOW
    p.hub.requests.clear()
    p.pull('org/folder', code=1, says='HF_HUB_OFFLINE', HF_HUB_OFFLINE='1')
    assert not p.hub.requests
    blocked = p.home + '/blocked'
    with open(blocked, 'w'):
        pass
    assert p.mote('pull', 'org/tiny', HF_HUB_CACHE=blocked).code == 1


def case_proxy(p):
    """curl's variables are heard, and a proxy's refusal isn't taken for the hub's."""
    p.hub.faults = {'http://': lambda h: h.answer(502) or True}
    p.pull('org/tiny', code=1, says=r'http://hub\.example: .*\(502\)', HF_ENDPOINT='http://hub.example', http_proxy=p.hub.address, no_proxy='', HF_TOKEN='hf_right')
    assert all(r[1].startswith('http://hub.example/') for r in p.hub.requests) and p.hub.requests


def case_names(p):
    for name in ('org/x/y', '../tiny', 'org/..', '/org/tiny', 'org/tiny:', 'org/tiny@', 'org/tiny:a:b', 'ftp://hf.co/org/tiny', 'org/ti ny', 'org/tiny?x', 'org/a--b', '-x/y', 'org/tiny.gguf'):
        said = p.mote('pull', '--', name)
        assert said.code in (1, 2), f'{name}: {said.code}'
    assert not p.hub.requests, p.hub.requests
    os.makedirs(p.home + '/org')
    shutil.copy(os.path.join(HERE, '..', 'cli', 'tiny.gguf'), p.home + '/org/tiny')
    local = subprocess.run([MOTE, 'pull', 'org/tiny'], env=p.env, cwd=p.home, capture_output=True, text=True)
    assert local.returncode == 0 and 'installed org/tiny as tiny' in local.stderr and not p.hub.requests, 'what lies here comes first'


def case_interrupt(p):
    p.hub.pace = 0.05
    for number, n_bytes in ((signal.SIGINT, 65536), (signal.SIGTERM, 300000)):
        process = p.start('pull', 'org/big')
        until = time.time() + 20 * SLOW
        while not (p.blobs('org/big') and os.path.getsize(f'{p.repo("org/big")}/blobs/{p.blobs("org/big")[0]}') > n_bytes):
            assert time.time() < until and process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        said = p.wait(process, 5)
        assert said.code == 130 and 'interrupted' in said.err, (said.code, said.err)
        p.check()
        assert p.blobs('org/big')[0].endswith('.incomplete') and not p.snapshot('org/big')
    p.hub.pace = 0
    p.hub.requests.clear()
    p.pull('org/big')
    assert int(p.hub.fetched('big')[0][2]['Range'][6:-1]) > 300000


def case_two_at_a_time(p):
    p.hub.pace = 0.02
    processes = [p.start('pull', 'org/big') for _ in range(4)]
    for process in processes:
        said = p.wait(process)
        assert said.code == 0, said.err
    assert len(p.hub.fetched('big.gguf')) == 1, 'fetched more than once'
    p.check()


def case_lock(p):
    """The hub's own tool holds the same lock; Ctrl-C ends the waiting."""
    folder = f'{p.cache}/.locks/models--org--big'
    os.makedirs(folder)
    with open(f'{folder}/{hashlib.sha256(BYTES).hexdigest()}.lock', 'w') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        process = p.start('pull', 'org/big')
        time.sleep(1)
        assert process.poll() is None and not p.hub.fetched('big')
        process.send_signal(signal.SIGINT)
        assert p.wait(process, 5).code == 130
    p.pull('org/big')


def case_killed(p):
    """200 interruptions by the network and by kill -9, ignored and misunderstood ranges among them: always the right file."""
    rng = random.Random(23)
    kinds = [lambda n: Wrong(cut=n), lambda n: Wrong(cut=n, ignore_range=True), lambda n: Wrong(cut=n, shift=1), lambda n: Wrong(cut=n, chunked=True), lambda n: Wrong(status=503),
             lambda n: Wrong(cut=n, etag='e' * 64), lambda n: Wrong(status=416)]
    interruptions = wholes = 0
    while interruptions < 200:
        wrongs = [rng.choice(kinds[:1] * 4 + kinds)(rng.randrange(len(BYTES))) for _ in range(rng.randrange(4, 16))]
        p.hub.wrongs['big.gguf'] = list(wrongs)
        p.hub.pace = rng.choice((0, 0, 0.01))
        for _ in range(8):
            process = p.start('pull', '-q', 'org/big')
            if rng.random() < 0.4:
                time.sleep(rng.random() * 0.2)
                process.kill()
                interruptions += 1
            said = p.wait(process)
            p.check()
            if said.code == 0:
                break
            assert said.code in (1, -9), (said.code, said.err)
        interruptions += len(wrongs) - len(p.hub.wrongs['big.gguf'])
        p.hub.wrongs['big.gguf'] = []
        p.hub.pace = 0
        p.pull('org/big')
        assert p.snapshot('org/big') == {'big.gguf': BYTES}
        wholes += 1
        assert p.mote('rm', 'org/big').code == 0
    print(f'{interruptions} interruptions, {wholes} files, all right')


def case_tls():
    openssl = shutil.which('openssl')
    if not openssl:
        raise Skip('no openssl here to make a certificate')
    folder = tempfile.mkdtemp(prefix='mote-pull-')
    both, authority = folder + '/both.pem', folder + '/authority.pem'
    subprocess.run([openssl, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', both, '-out', authority],
                   check=True, capture_output=True)
    with open(authority) as f, open(both, 'a') as out:
        out.write(f.read())
    p = Place(both)
    try:
        p.hub.repos['org/small'] = folder_repo(large=())
        p.pull('org/small', code=1, says='[Cc]ertificate|SSL')
        assert not p.hub.requests, 'an unknown certificate was believed'
        p.pull('org/small', SSL_CERT_FILE=authority)
        name = p.hub.address.replace('127.0.0.1', 'localhost')
        p.pull('org/small', code=1, says='[Cc]ertificate|SSL|name', SSL_CERT_FILE=authority, HF_ENDPOINT=name)
        p.pull('org/tiny', code=1, says='redirected from https to http', SSL_CERT_FILE=authority, HF_TOKEN='hf_right')
        assert not [r for r in p.hub.requests if r[0] == 'store']
    finally:
        p.close()
        shutil.rmtree(folder)


def main(wanted):
    cases = {name[5:]: f for name, f in globals().items() if name.startswith('case_')}
    failed = skipped = 0
    for name in wanted or cases:
        place = Place() if name != 'tls' else None
        try:
            cases[name](place) if place else cases[name]()
            print(f'{name}: ok', flush=True)
        except Skip as why:
            skipped += 1
            print(f'{name}: skipped: {why}')
        except AssertionError:
            failed += 1
            import traceback
            traceback.print_exc()
            print(f'{name}: failed', flush=True)
        finally:
            if place:
                place.close()
    return 1 if failed else 77 if skipped and skipped == len(wanted or cases) else 0


if __name__ == '__main__':
    threading.excepthook = lambda _: None
    sys.exit(main(sys.argv[1:]))
