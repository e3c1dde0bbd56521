"""Eight things that ncclient does with a gateway; each says so in a line."""
import os
import signal
import socket
import subprocess
import sys
import time

from ncclient import manager
from ncclient.operations import RPCError
from ncclient.transport.errors import AuthenticationError
from ncclient.xml_ import to_ele

PORT, DIRECTORY = int(sys.argv[1]), sys.argv[2]
EDIT = ('<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><gateway xmlns="urn:secondsite:gateway"><tunnel>'
        '<heartbeat-ms>%d</heartbeat-ms></tunnel></gateway></config>')
FILTER = ('subtree', '<gateway xmlns="urn:secondsite:gateway"><tunnel><heartbeat-ms/></tunnel></gateway>')


def connect(name='automation'):
    return manager.connect(host='127.0.0.1', port=PORT, username=name, key_filename=DIRECTORY + '/' + name,
                           hostkey_verify=False, allow_agent=False, look_for_keys=False, timeout=60)


def heartbeat(client, source='running'):
    text = client.get_config(source, FILTER).data_xml
    return int(text.split('heartbeat-ms>')[1].split('<')[0])


def refused(tag, step, *arguments, **named):
    try:
        step(*arguments, **named)
    except RPCError as e:
        assert e.tag == tag, (e.tag, e.message)
        assert e.message
        return e
    raise AssertionError('was not refused with ' + tag)


def within(seconds, step):
    end = time.monotonic() + seconds
    while True:
        try:
            return step()
        except (RPCError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def equals(wanted, client):
    found = heartbeat(client)
    assert found == wanted, (found, wanted)


if len(sys.argv) > 3:
    # Another process: it locks, edits, says so, and waits to be killed.
    victim = connect()
    victim.lock('candidate')
    victim.edit_config(EDIT % 77, target='candidate')
    print('locked', flush=True)
    time.sleep(600)

a, b = connect(), connect()
assert any('base:1.1' in one for one in a.server_capabilities)
print('case 1: base:1.1')

a.lock('candidate')
assert refused('lock-denied', b.lock, 'candidate').info.find(a.session_id) >= 0
refused('in-use', b.edit_config, EDIT % 30, target='candidate')
a.edit_config(EDIT % 31, target='candidate')
assert heartbeat(a, 'candidate') == 31 and heartbeat(a) == 40
a.discard_changes()
a.unlock('candidate')
print('case 2: lock and in-use')

victim = subprocess.Popen([sys.executable, __file__, str(PORT), DIRECTORY, 'victim'], stdout=subprocess.PIPE)
assert victim.stdout.readline() == b'locked\n'
os.kill(victim.pid, signal.SIGKILL)
killed = time.monotonic()
victim.wait()
within(30, lambda: b.lock('candidate'))
print('case 3: the lock of a dead client is free after %d ms' % ((time.monotonic() - killed) * 1000))
assert heartbeat(b, 'candidate') == 40
b.unlock('candidate')

a.edit_config(EDIT % 32, target='candidate')
a.validate('candidate')
a.commit(confirmed=True, timeout='600')
equals(32, b)
a.close_session()
within(30, lambda: equals(40, b))
print('case 4: taken back with its session')

a = connect()
a.edit_config(EDIT % 33, target='candidate')
a.commit(confirmed=True)
a.commit()
a.close_session()
time.sleep(0.2)
equals(33, b)
print('case 5: confirmed')

a = connect()
a.edit_config(EDIT % 34, target='candidate')
a.commit(confirmed=True, persist='t9')
a.close_session()
equals(34, b)
refused('invalid-value', b.commit)
b.dispatch(to_ele('<commit xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><persist-id>t9</persist-id></commit>'))
print('case 6: persist')

b.edit_config(EDIT % 35, target='candidate')
b.commit(confirmed=True)
b.cancel_commit()
equals(34, b)
print('case 7: cancelled')

viewer = connect('looker')
refused('access-denied', viewer.edit_config, EDIT % 36, target='candidate')
equals(34, viewer)
schema = viewer.get_schema('secondsite-gateway').data
assert schema.startswith('module secondsite-gateway')
wrong = refused('invalid-value', b.edit_config, EDIT.replace('%d', 'soon'), target='candidate')
assert 'heartbeat-ms' in wrong.path, wrong.path
try:
    connect('nobody')
    raise AssertionError('a stranger came in')
except AuthenticationError:
    pass
print('case 8: roles, get-schema, errors with a path')
