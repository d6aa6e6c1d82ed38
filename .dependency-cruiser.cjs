// The rooms of src and which way imports may point: cli and scripts use the rooms in the middle, those use the
// ones below, and graph is at the bottom.

/** Rooms that anything may use. */
const SHARED = '^src/(errors\\.ts|random\\.ts|threads\\.ts|html-text\\.ts|stack-rows\\.ts|files/)';

/** Each room, and what it may import besides itself, the shared files and packages. */
const MAY_IMPORT = {
  graph: [],
  text: [],
  onnx: ['graph'],
  decoder: ['graph'],
  dataset: ['text'],
  vision: ['onnx'],
  library: ['decoder', 'onnx', 'text', 'vision', 'dataset'],
  evaluation: ['decoder', 'onnx', 'text', 'vision', 'dataset'],
  captioning: ['graph', 'decoder', 'onnx', 'text', 'vision', 'dataset', 'library'],
  training: ['decoder', 'onnx', 'text', 'dataset', 'library', 'captioning', 'evaluation'],
  report: ['training', 'evaluation', 'captioning', 'library', 'vision', 'dataset', 'text', 'decoder'],
};

const rooms = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import ${others.join(', ') || 'no other room'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|scripts)/', pathNot: [SHARED, ...[room, ...others].map((name) => `^src/${name}/`)] },
}));

/** Only `from` may import the package. */
function onlyIn(packages, from) {
  return {
    name: `only-${packages[0]}`,
    severity: 'error',
    from: { path: '^src/', pathNot: from },
    to: { path: `(^|/)node_modules/(${packages.join('|')})/` },
  };
}

module.exports = {
  forbidden: [
    ...rooms,
    onlyIn(['onnxruntime-node', 'onnx-buf', '@bufbuild/protobuf'], '^src/onnx/'),
    onlyIn(['sharp'], '^src/vision/pixels\\.ts$'),
    onlyIn(['commander'], '^src/cli/'),
    {
      name: 'shared-files',
      comment: 'what everybody may use depends on nothing but itself',
      severity: 'error',
      from: { path: SHARED },
      to: { path: '^(src|scripts)/', pathNot: SHARED },
    },
    {
      name: 'no-circles',
      comment: 'imports of types vanish and may go round',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
