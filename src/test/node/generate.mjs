// Greedy text by transformers.js from a deployable folder as it lies there:
//   node generate.mjs FOLDER DTYPE MAX_NEW_TOKENS PROMPTS.jsonl RUNTIME
// RUNTIME is node (onnxruntime-node), or web (onnxruntime-web, WebAssembly on the CPU).
// A line of JSON a prompt: {"prompt": ..., "text": ..., "tokens": ...}, then one with the versions that ran.
import {readdirSync, readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [folder, dtype, most, prompts, runtime] = process.argv.slice(2);
const path = resolve(folder);
const options = {dtype, device: 'cpu'};
if (runtime === 'web') {
  const web = await import('onnxruntime-web');
  web.env.wasm.numThreads = 1;
  web.env.wasm.wasmPaths = pathToFileURL(resolve('node_modules/onnxruntime-web/dist') + '/').href;
  // What transformers.js takes for its runtime where it is there.
  globalThis[Symbol.for('onnxruntime')] = web;
  options.device = 'auto';
  // In a browser transformers.js fetches these, under Node it expects the runtime to find them.
  const onnx = join(path, 'onnx');
  const data = readdirSync(onnx).filter(name => name.includes('.onnx_data'));
  options.session_options = {externalData: data.map(name => ({path: name, data: readFileSync(join(onnx, name))}))};
}
const {AutoModelForCausalLM, AutoTokenizer, env} = await import('@huggingface/transformers');
env.allowRemoteModels = false;
env.localModelPath = '/';
env.useWasmCache = false;

const tokenizer = await AutoTokenizer.from_pretrained(path);
const model = await AutoModelForCausalLM.from_pretrained(path, options);
for (const line of readFileSync(prompts, 'utf8').split('\n').filter(l => l.trim())) {
  const {prompt} = JSON.parse(line);
  const inputs = tokenizer(prompt);
  const given = inputs.input_ids.dims[1];
  const all = await model.generate({...inputs, max_new_tokens: Number(most), do_sample: false});
  const ids = all.tolist()[0].slice(given).map(Number);
  const text = tokenizer.decode(ids, {skip_special_tokens: true});
  console.log(JSON.stringify({prompt, text, tokens: ids.length}));
}
const version = name => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(JSON.stringify({
  node: process.versions.node,
  'transformers.js': env.version,
  [`onnxruntime-${runtime}`]: version(`onnxruntime-${runtime}`),
}));
