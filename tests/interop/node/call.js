// One call of the public API, from the proto files alone. Prints `OK` and the answer, or the code and the message.
//   node call.js unix:PATH SERVICE/METHOD JSON
//   node call.js HOST:PORT SERVICE/METHOD JSON AUTHORITY [CERTIFICATE KEY]
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [target, name, request, authority, certificate, key] = process.argv.slice(2);
const root = path.resolve(process.env.PROTO || path.join(__dirname, '../../../proto'));
const definition = loader.loadSync(['caisson/v1/service.proto', 'caisson/audit/v1/service.proto'], {
  includeDirs: [
    ...['types', 'events', 'authorization', 'gateway-api', 'audit-api'].map((api) => path.join(root, api)),
    path.dirname(require.resolve('protobufjs/package.json')), // google/api
  ],
  keepCase: true,
});
const [service, method] = name.split('/');
const Client = service.split('.').reduce((at, word) => at[word], grpc.loadPackageDefinition(definition));
const credentials = authority
  ? grpc.credentials.createSsl(...[authority, key, certificate].map((file) => (file ? fs.readFileSync(file) : null)))
  : grpc.credentials.createInsecure();
const client = new Client(target, credentials);
client[method](JSON.parse(request), { deadline: Date.now() + 20000 }, (error, answer) => {
  console.log(error ? `${grpc.status[error.code]} ${error.details}` : `OK ${JSON.stringify(answer)}`);
  client.close();
});
