// Greedy text by transformers.js from a deployable folder as it lies there:
//   node generate.mjs FOLDER DTYPE MAX_NEW_TOKENS PROMPTS.jsonl
// A line of JSON a prompt: {"prompt": ..., "text": ..., "tokens": ...}, then one with the versions that ran.
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {AutoModelForCausalLM, AutoTokenizer, env} from '@huggingface/transformers';

const [folder, dtype, most, prompts] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = '/';

const path = resolve(folder);
const tokenizer = await AutoTokenizer.from_pretrained(path);
const model = await AutoModelForCausalLM.from_pretrained(path, {dtype, device: 'cpu'});
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
  'onnxruntime-node': version('onnxruntime-node'),
}));
