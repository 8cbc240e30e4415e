#!/usr/bin/env python3
"""Writes scores.json: small texts and what the reference implementations say about them.

    python3 -m venv v && v/bin/pip install nltk==3.10.4 sacrebleu==2.6.0 rouge-score==0.1.2 seqeval==1.2.2
    v/bin/python tests/golden/make_scores.py > tests/golden/scores.json

ROUGE and stems come from rouge-score and NLTK, chrF from sacrebleu, entities from seqeval. SARI is easse's corpus_sari (F1 for deletion, lower
case, 13a), written out here with sacrebleu's tokenizer; GLEU is the 2016 form, for a single reference and as the mean of 500 draws with the seeds of its authors'
scorer. Calibration error and the paired bootstrap are written out with NumPy.
"""
import json
import math
import random
import sys
from collections import Counter
from importlib.metadata import version

import numpy as np
from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer
from sacrebleu.metrics import CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from seqeval.metrics import f1_score, precision_score, recall_score

PROOF = [
    ('The pump do not starts when the button is press .',
     'The pump does not start when the button is press .',
     ['The pump does not start when the button is pressed .', 'The pump doesn\'t start when you press the button .']),
    ('He have went to the workshop yesterday for to repair the car .',
     'He went to the workshop yesterday to repair the car .',
     ['He went to the workshop yesterday to repair the car .', 'Yesterday he went to the workshop to repair the car .']),
    ('Many peoples thinks that water is free .',
     'Many people thinks that water is free .',
     ['Many people think that water is free .', 'Many people believe water is free .']),
    ('It is cold .', 'It is cold .', ['It is cold .', 'It is cold today .']),
    ('I agree with this opinion because of it is true .',
     'I agree with this opinion because it is true .',
     ['I agree with this opinion because it is true .', 'I agree with the opinion , because it is true .']),
]
REWRITE = [
    ('The committee, which met on 12 May, resolved to postpone the launch of the "Aurora" probe.',
     'The committee met on 12 May. It decided to delay the launch of the "Aurora" probe.',
     ['The committee met on 12 May and decided to delay the Aurora launch.', 'On 12 May, the committee put off the launch of the "Aurora" probe.',
      'The committee decided to delay the launch of the probe.']),
    ('Approximately 3.5 million litres are pumped per day -- at a cost of $1,200.50!',
     'About 3.5 million litres are pumped a day, at a cost of $1,200.50.',
     ['About 3.5 million litres are pumped every day. It costs $1,200.50.', 'Each day 3.5 million litres are pumped for $1,200.50.',
      'Around 3.5 million litres are pumped a day at a cost of $1,200.50.']),
    ('R&amp;D staff re-used the 1990s-era valves...', 'Staff used the valves of the 1990s again.',
     ['R&D staff used valves from the 1990s again.', 'The staff used old valves.', 'Staff re-used the valves from the 1990s.']),
]
SUMMARIES = [
    ('The valve was replaced.\nThe pump runs again.\nThe technician will return on Friday.',
     'A technician replaced the valve.\nThe pump is running again and she will return on Friday.'),
    ('police killed the gunman', 'police kill the gunman'),
    ('Naïve café owners’ children were running quickly; they fell.', 'Children of the café owner ran quickly and fell.'),
    ('', 'something'),
    ('one two three four five\nfive four three two one', 'five two one\none two four five\n\nthree'),
]
TRANSLATIONS = [
    ('The cat sits on the mat.', ['The cat is sitting on the mat.', 'A cat sat on the mat.']),
    ('(Hello) world, "again"!', ['Hello world - again!', '(Hello), world: "again"']),
    ('Größe 42 ist leider ausverkauft', ['Die Größe 42 ist leider ausverkauft.', 'Grösse 42: ausverkauft']),
    ('a', ['b', 'a b']),
    ('xyz', ['abc', 'def']),
]
TAGS = [
    ('O B-city I-city O B-date', 'O B-city I-city O I-date'),
    ('B-artist I-artist B-album I-album O', 'B-artist I-artist I-album I-album O'),
    ('I-per I-per O B-org', 'B-per I-per O O'),
    ('S-loc O B-per E-per', 'S-loc O B-per I-per'),
    ('B I O B-x-y', 'B I O B-x-y'),
    ('O O O', 'B-city O O'),
    ('B-a B-a I-b', 'B-a I-a I-b'),
]
PAIRED = [[[1, 0, 0, -1, 1, 0, 1, 0, 0, 0, 1, 0]], [[0.5, -0.25, 0.125, 0, 0.75], [], [1, 1, 0, -1, 0, 0, 1]], [[1, 1, 1]]]
WORDS = '''running runner runs ran flies fly flying died dies dying lying lie ties tied tying skies sky news innings inning outing cannings howe proceed exceed succeed proceeded
agreed feed plastered bled motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing filing happy enjoy enjoyment spies spied tries cried
relational conditional rational valency hesitancy digitizer conformably radically differently vilely analogously vietnamization predication operator feudalism decisiveness
hopefulness callousness formality sensitivity sensibility rationally triplicate formative formalize electricity electrical hopeful goodness revival allowance inference airliner
gyroscopic adjustable defensible irritant replacement adjustment dependent adoption homologous communism activate angularity effective bowdlerize probate rate cease controlling
controller roll rolling geology geologically geological apology apologies biology biologist skillfully beautifully carefully usefully yellow eyes eyed toys boys says syzygy
queue queueing bee bees agreeing seeing freed freeing speed speeding breeding kneed caresses ponies cats class classes glasses gas gases bus buses buzz buzzing
possibly ably assembly assemblies reliability reliably generally generalization generalizations oscillators oscillation ion lion lions nation national nationally dimension
decision station passion passed passing used using user users uses usable reusable argue argued arguing argument arguments iced icing owed owing eased easing aged aging
wooing boxing mixing playing played snowing showed axed ax12 3d 1990s h2o covid19 abcde zzzz yyyy ye yes yet'''.split()


def ngrams(words, n):
    return Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))


def gleu(sentences, choice):
    hyp_len = ref_len = 0
    num, den = [0] * 4, [0] * 4
    for (source, output, references), r in zip(sentences, choice):
        s, h, ref = source.split(), output.split(), references[r].split()
        hyp_len += len(h)
        ref_len += len(ref)
        for n in range(1, 5):
            cs, ch, cr = ngrams(s, n), ngrams(h, n), ngrams(ref, n)
            only = Counter({k: v for k, v in cs.items() if k not in cr})
            num[n - 1] += max(0, sum((ch & cr).values()) - sum((ch & only).values()))
            den[n - 1] += max(0, len(h) + 1 - n)
    if not all(num) or not all(den):
        return 0.0
    return math.exp(min(0, 1 - ref_len / hyp_len) + sum(math.log(a / b) for a, b in zip(num, den)) / 4)


def draw(j):
    random.seed(j * 101)
    return [random.randint(0, len(r) - 1) for _, _, r in PROOF]


def sari(sentences):
    tokenize = Tokenizer13a()
    sums = {name: [[0, 0, 0] for _ in range(4)] for name in ('add', 'keep', 'drop')}
    for source, output, references in sentences:
        s, h = (tokenize(t.lower()).split() for t in (source, output))
        refs = [tokenize(t.lower()).split() for t in references]
        times = len(refs)
        for n in range(1, 5):
            cs, ch, cr = ngrams(s, n), ngrams(h, n), sum((ngrams(r, n) for r in refs), Counter())
            many_s, many_h = Counter({k: v * times for k, v in cs.items()}), Counter({k: v * times for k, v in ch.items()})
            new, wanted = set(ch) - set(cs), set(cr) - set(cs)
            kept, keep = many_s & many_h, many_s & cr
            dropped, drop = many_s - many_h, many_s - cr
            for name, right, given, want in (('add', len(new & set(cr)), len(new), len(wanted)),
                                             ('keep', sum((kept & keep).values()), sum(kept.values()), sum(keep.values())),
                                             ('drop', sum((dropped & drop).values()), sum(dropped.values()), sum(drop.values()))):
                for i, x in enumerate((right, given, want)):
                    sums[name][n - 1][i] += x
    def f1(right, given, wanted):
        p, r = right / given if given else 0, right / wanted if wanted else 0
        return 2 * p * r / (p + r) if p > 0 and r > 0 else 0
    return float(np.mean([np.mean([f1(*x) for x in sums[name]]) for name in sums]))


def calibration_error(items, bins=15):
    error = 0.0
    for low in range(bins):
        inside = [(p, right) for p, right in items if low / bins < p <= (low + 1) / bins]
        if inside:
            error += len(inside) / len(items) * abs(np.mean([r for _, r in inside]) - np.mean([p for p, _ in inside]))
    return float(error)


def paired(groups, draws=2000):
    random.seed(0)
    means = []
    for _ in range(draws):
        means.append(np.mean([np.mean([g[random.randrange(len(g))] for _ in g]) for g in groups if g]))
    return {'groups': groups, 'mean': float(np.mean([np.mean(g) for g in groups if g])), 'interval': [float(q) for q in np.quantile(means, [0.025, 0.975])]}


def rouge(reference, output, stem):
    scores = rouge_scorer.RougeScorer(['rouge1', 'rouge2', 'rougeL', 'rougeLsum'], use_stemmer=stem).score(reference, output)
    return {k: [v.precision, v.recall, v.fmeasure] for k, v in scores.items()}


def main():
    labels = [((i * 37 % 100 + 1) / 101, i % 3 != 0) for i in range(60)]
    columns = list(zip(*(r for _, r in TRANSLATIONS)))
    true, pred = [t.split() for t, _ in TAGS], [p.split() for _, p in TAGS]
    out = {
        'versions': {name: version(name) for name in ('nltk', 'sacrebleu', 'rouge-score', 'seqeval', 'numpy')},
        'gleu': {'sentences': PROOF, 'first': gleu(PROOF, [0] * len(PROOF)), 'mean': sum(gleu(PROOF, draw(j)) for j in range(500)) / 500},
        'sari': {'sentences': REWRITE, 'value': sari(REWRITE)},
        '13a': [[t, Tokenizer13a()(t).split()] for t in ['a..b', '1,000.5, and 2.', 'x-y 3-4 -5', '&quot;a&quot; &lt;b&gt; $5', 'é.,é', *(s for s, _, _ in REWRITE)]],
        'rouge': [{'reference': r, 'output': o, 'plain': rouge(r, o, False), 'stemmed': rouge(r, o, True)} for r, o in SUMMARIES],
        'stems': {w: PorterStemmer().stem(w) for w in WORDS},
        'chrf': {'sentences': TRANSLATIONS, 'chrf': CHRF().corpus_score([o for o, _ in TRANSLATIONS], columns).score / 100,
                 'chrf++': CHRF(word_order=2).corpus_score([o for o, _ in TRANSLATIONS], columns).score / 100,
                 'each': [CHRF(word_order=2).sentence_score(o, r).score / 100 for o, r in TRANSLATIONS]},
        'entities': {'sentences': [[t, p] for t, p in zip(true, pred)], 'precision': float(precision_score(true, pred)), 'recall': float(recall_score(true, pred)),
                     'f1': float(f1_score(true, pred))},
        'paired': [paired(g) for g in PAIRED],
        'labels': {'items': labels, 'error': calibration_error(labels), 'accuracy': sum(r for _, r in labels) / len(labels)},
    }
    json.dump(out, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == '__main__':
    main()
