// Reads and writes the frozen records of proto/vectors with a protobuf that is not Caisson's.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const protobuf = require('protobufjs');

const proto = path.resolve(__dirname, '../../../proto');
const root = new protobuf.Root();
root.resolvePath = (_, file) => ['events', 'types'].map((api) => path.join(proto, api, file)).find(fs.existsSync) ?? file;
const Event = root.loadSync('caisson/events/v1/event.proto').lookupType('caisson.events.v1.Event');
const vectors = fs.readdirSync(path.join(proto, 'vectors'))
  .map((name) => ({ name, ...JSON.parse(fs.readFileSync(path.join(proto, 'vectors', name), 'utf8')) }));

test('reads every frozen record, and writes the same bytes', () => {
  assert.ok(vectors.length >= Event.oneofs.payload.fieldsArray.length);
  for (const { name, value, event } of vectors) {
    const read = Event.decode(Buffer.from(value, 'hex'));
    assert.ok(read.payload in event, name);
    assert.deepStrictEqual(Event.toObject(read, { longs: String, enums: String, bytes: String }).subject, event.subject, name);
    assert.strictEqual(Buffer.from(Event.encode(read).finish()).toString('hex'), value, name);
  }
});
