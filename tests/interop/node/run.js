// Creates and runs a container over the gateway's Unix socket, from the proto files alone.
'use strict';

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const root = path.resolve(__dirname, '../../..');
const definition = loader.loadSync(['caisson/v1/service.proto'], {
  includeDirs: [
    ...['types', 'events', 'authorization', 'gateway-api'].map((api) => path.join(root, 'proto', api)),
    path.dirname(require.resolve('protobufjs/package.json')), // google/api
  ],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { caisson } = grpc.loadPackageDefinition(definition);
const target = `unix:${process.env.CAISSON_DATA}/run/gateway/gateway.sock`;
const containers = new caisson.v1.Containers(target, grpc.credentials.createInsecure());
const events = new caisson.v1.Events(target, grpc.credentials.createInsecure());
const prefix = `node-${process.pid}`;

test.after(() => {
  containers.close();
  events.close();
});

const call = (method, request, metadata = new grpc.Metadata()) =>
  new Promise((resolve, reject) =>
    containers[method](request, metadata, (error, answer) => (error ? reject(error) : resolve(answer))));

const creation = (id, args, hooks = {}) => ({
  parent: 'tenants/default',
  container_id: id,
  container: {
    oci: {
      bundle: process.env.TEST_ROOTFS,
      config_json: Buffer.from(JSON.stringify({
        ociVersion: '1.2.0',
        process: { args, cwd: '/', env: ['PATH=/bin'], noNewPrivileges: true },
        root: { path: process.env.TEST_ROOTFS },
        hooks,
        linux: { namespaces: ['pid', 'mount', 'network', 'ipc', 'uts', 'cgroup'].map((type) => ({ type })) },
      })),
    },
  },
});

test('runs a container and streams its output', async () => {
  const stream = containers.RunContainer();
  const kinds = [];
  let output = '';
  let exited;
  const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  stream.on('data', (message) => {
    kinds.push(message.message);
    if (message.output) output += `${message.output.stream}:${message.output.data}`;
    if (message.exited) exited = message.exited;
  });
  stream.write({ create: creation(`${prefix}-run`, ['sh', '-c', 'read word; echo got $word; exit 7']) });
  stream.write({ input: { stdin: Buffer.from('hello\n') } });
  stream.write({ input: { stdin_eof: true } });
  await ended;
  stream.end();
  assert.strictEqual(output, 'STDOUT:got hello\n');
  assert.strictEqual(exited.code, 7);
  assert.deepStrictEqual(kinds.filter((kind) => kind !== 'output'), ['created', 'started', 'exited']);
});

test('creates, starts, waits for and deletes a container', async () => {
  const id = `${prefix}-life`;
  const made = await call('CreateContainer', creation(id, ['sh', '-c', 'exit 3']));
  assert.strictEqual(made.state, 'CREATED');
  assert.match(made.name, new RegExp(`^tenants/default/sandboxes/${id}/containers/${id}$`));
  await call('StartContainer', { name: made.name });
  const { status } = await call('WaitContainer', { name: made.name });
  assert.strictEqual(status.code, 3);
  await call('DeleteContainer', { name: made.name });
  await assert.rejects(call('GetContainer', { name: made.name }), { code: grpc.status.NOT_FOUND });
});

// What the record makes of the trace is looked at by who runs this.
test('says of which trace its calls are', async () => {
  const trace = new grpc.Metadata();
  trace.set('traceparent', process.env.TRACE_PARENT);
  trace.set('tracestate', process.env.TRACE_STATE);
  const hooks = { poststart: [{ path: process.env.TEST_HOOK }] };
  const made = await call('CreateContainer', creation(process.env.TRACED, ['true'], hooks), trace);
  await call('StartContainer', { name: made.name }, trace);
  await call('WaitContainer', { name: made.name });
  await call('DeleteContainer', { name: made.name }, trace);
});

test('is told why a container is refused', async () => {
  const refused = await call('CreateContainer', creation('a/b', ['true'])).then(() => null, (error) => error);
  assert.strictEqual(refused.code, grpc.status.INVALID_ARGUMENT);
  assert.ok(refused.metadata.get('grpc-status-details-bin')[0].includes('INVALID_FIELD'));
});

test('watches the events of what it did', async () => {
  const seen = await new Promise((resolve, reject) => {
    const found = [];
    events.WatchEvents({ parent: 'tenants/default', cursor: 'begin', no_follow: true })
      .on('data', ({ event }) => event.subject?.container_id === `${prefix}-life` && found.push(event.payload))
      .on('error', reject)
      .on('end', () => resolve(found));
  });
  for (const kind of ['container_created', 'container_started', 'container_exited', 'container_deleted']) {
    assert.ok(seen.includes(kind), `${kind} in ${seen}`);
  }
});
