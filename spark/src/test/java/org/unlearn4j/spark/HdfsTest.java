package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A project on HDFS: executors fetch it by Hadoop's connector, and give back what they have made.
 */
class HdfsTest {
  @TempDir Path temp;

  @Test
  void anEvaluationOfAProjectOnHdfs() throws IOException {
    String due = LocalCluster.local(LocalCluster.evaluate(temp, temp.resolve("t.json") + ""));
    Configuration hadoop = new Configuration();
    hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, temp.resolve("dfs").toString());
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(hadoop).numDataNodes(1).build()) {
      FileSystem system = hdfs.getFileSystem();
      org.apache.hadoop.fs.Path project = new org.apache.hadoop.fs.Path("/project");
      system.copyFromLocalFile(path(temp.resolve("p.yaml")), path(project, "p.yaml"));
      system.copyFromLocalFile(
          path(LocalCluster.ROOT.resolve("models/fable-target")),
          path(project, "models/fable-target"));
      String address = system.makeQualified(project).toString();
      String[] command = LocalCluster.evaluate(temp, "eval/t.json");
      command[2] = "p.yaml";
      try (LocalCluster cluster = new LocalCluster(2)) {
        int code = cluster.run(address, 2, command);
        assertEquals(0, code, cluster.log());
      }
      Path back = temp.resolve("back.json");
      system.copyToLocalFile(path(project, "eval/t.json"), path(back));
      assertEquals(due, LocalCluster.timeless(back));
      for (String part : new String[] {"1-of-2.rows", "2-of-2.rows"}) {
        assertTrue(system.exists(path(project, "eval/t.json.shards/" + part)), part);
      }
      assertTrue(Files.exists(back));
    }
  }

  private static org.apache.hadoop.fs.Path path(Path local) {
    return new org.apache.hadoop.fs.Path(local.toUri());
  }

  private static org.apache.hadoop.fs.Path path(org.apache.hadoop.fs.Path folder, String name) {
    return new org.apache.hadoop.fs.Path(folder, name);
  }
}
