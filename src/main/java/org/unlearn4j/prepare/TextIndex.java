package org.unlearn4j.prepare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.FuzzyTermsEnum;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermInSetQuery;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.BytesRef;

/**
 * Passages in a Lucene index in memory. A passage's number there is its {@link Entry#id}. Words are
 * those of {@link Word}; nearness is BM25 (Robertson and Zaragoza 2009) with Lucene's defaults.
 */
final class TextIndex implements AutoCloseable {
  private static final String TEXT = "text";
  private static final String ID = "id";
  private static final String ALIKE = "alike";

  /** As many as Lucene's own "more like this" takes. */
  private static final int QUERY_WORDS = 25;

  private final ByteBuffersDirectory directory = new ByteBuffersDirectory();
  private final Analyzer shingles = new ShingleHashes();
  private final DirectoryReader reader;
  private final IndexSearcher searcher;

  /** A passage and how near it is. */
  record Hit(int id, double score) {}

  TextIndex(List<Entry> entries) {
    try (Analyzer words = new WhitespaceAnalyzer();
        IndexWriter writer =
            new IndexWriter(
                directory, new IndexWriterConfig(words).setMergePolicy(new LogDocMergePolicy()))) {
      for (Entry entry : entries) {
        Document document = new Document();
        document.add(new StringField(ID, String.valueOf(entry.id()), Field.Store.NO));
        document.add(new TextField(TEXT, joined(entry), Field.Store.NO));
        for (String hash : hashes(entry)) {
          document.add(new StringField(ALIKE, hash, Field.Store.NO));
        }
        writer.addDocument(document);
      }
      writer.forceMerge(1); // the merge policy keeps the order, so numbers are ids
      writer.commit();
      reader = DirectoryReader.open(directory);
      searcher = new IndexSearcher(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // it is all in memory
    }
  }

  private static String joined(Entry entry) {
    return entry.words().stream().map(Word::folded).collect(Collectors.joining(" "));
  }

  private Set<String> hashes(Entry entry) throws IOException {
    Set<String> hashes = new TreeSet<>();
    try (TokenStream stream = shingles.tokenStream(ALIKE, joined(entry))) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        hashes.add(ShingleHashes.readable(term));
      }
      stream.end();
    }
    return hashes;
  }

  /** Words of the corpus that are at most so many slips of the pen from another; not itself. */
  SortedSet<String> near(String word, int edits) {
    SortedSet<String> near = new TreeSet<>();
    try {
      Terms terms = MultiTerms.getTerms(reader, TEXT);
      if (terms == null || edits == 0) {
        return near;
      }
      FuzzyTermsEnum fuzzy = new FuzzyTermsEnum(terms, new Term(TEXT, word), edits, 0, true);
      for (BytesRef term = fuzzy.next(); term != null; term = fuzzy.next()) {
        near.add(term.utf8ToString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    near.remove(word);
    return near;
  }

  /** Passages with any of these words. */
  SortedSet<Integer> holding(Collection<String> words) {
    List<BytesRef> terms = words.stream().map(BytesRef::new).toList();
    return found(new TermInSetQuery(TEXT, terms), Math.max(1, reader.maxDoc())).stream()
        .map(Hit::id)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Passages that say most of what a passage says, the nearest first.
   *
   * @param among which may be found
   * @param without words that are not looked for
   */
  List<Hit> nearest(Entry entry, Set<Integer> among, Set<String> without, int most) {
    Map<String, Integer> counts = new HashMap<>();
    for (Word word : entry.words()) {
      if (!without.contains(word.folded())) {
        counts.merge(word.folded(), 1, Integer::sum);
      }
    }
    Map<String, Double> weights = new HashMap<>();
    counts.forEach((word, count) -> weights.put(word, count * rarity(word)));
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    weights.entrySet().stream()
        .sorted(
            Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(QUERY_WORDS)
        .forEach(
            e -> query.add(new TermQuery(new Term(TEXT, e.getKey())), BooleanClause.Occur.SHOULD));
    query.setMinimumNumberShouldMatch(1);
    query.add(ids(among), BooleanClause.Occur.FILTER);
    return among.isEmpty() ? List.of() : found(query.build(), most);
  }

  private static Query ids(Set<Integer> ids) {
    return new TermInSetQuery(ID, ids.stream().map(id -> new BytesRef(id.toString())).toList());
  }

  private double rarity(String word) {
    try {
      int frequency = reader.docFreq(new Term(TEXT, word));
      return Math.log(1 + (reader.maxDoc() + 1.0) / (frequency + 1.0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Passages whose MinHash shares at least a share of its values with that of a passage. */
  List<Integer> alike(Entry entry, double share) {
    try {
      Set<String> hashes = hashes(entry);
      BooleanQuery.Builder query = new BooleanQuery.Builder();
      for (String hash : hashes) {
        query.add(
            new ConstantScoreQuery(new TermQuery(new Term(ALIKE, hash))),
            BooleanClause.Occur.SHOULD);
      }
      query.setMinimumNumberShouldMatch(Math.max(1, (int) (share * hashes.size())));
      Set<Integer> found = new HashSet<>();
      if (!hashes.isEmpty()) {
        found(query.build(), Math.max(1, reader.maxDoc())).forEach(hit -> found.add(hit.id()));
      }
      found.remove(entry.id());
      return found.stream().sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Hit> found(Query query, int most) {
    List<Hit> hits = new ArrayList<>();
    try {
      for (ScoreDoc hit : searcher.search(query, most).scoreDocs) {
        hits.add(new Hit(hit.doc, hit.score));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return hits;
  }

  @Override
  public void close() {
    try {
      reader.close();
      shingles.close();
      directory.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
