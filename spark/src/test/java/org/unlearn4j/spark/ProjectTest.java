package org.unlearn4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A project on HDFS as a unit sees it, and what is there after the unit. */
class ProjectTest {
  @TempDir Path temp;

  private static String text(FileSystem system, String file) throws IOException {
    try (InputStream in = system.open(new org.apache.hadoop.fs.Path(file))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void whatWasMadeIsGivenBackAndNothingElse() throws IOException {
    Path local = Files.createDirectories(temp.resolve("local/models"));
    Files.writeString(local.resolve("weights"), "abc");
    Files.writeString(local.resolve("old"), "before");
    Configuration hadoop = new Configuration();
    hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, temp.resolve("dfs").toString());
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(hadoop).numDataNodes(1).build()) {
      FileSystem system = hdfs.getFileSystem();
      org.apache.hadoop.fs.Path root = new org.apache.hadoop.fs.Path("/project");
      system.copyFromLocalFile(new org.apache.hadoop.fs.Path(temp.resolve("local").toUri()), root);
      long came =
          system
              .getFileStatus(new org.apache.hadoop.fs.Path("/project/models/weights"))
              .getModificationTime();
      String address = system.makeQualified(root).toString();
      Project project = new Project(address, hadoop, temp.resolve("scratch"));
      assertEquals(temp.resolve("scratch"), project.folder());
      assertEquals("abc", Files.readString(project.folder().resolve("models/weights")));

      Files.writeString(project.folder().resolve("models/old"), "after it");
      Path made = Files.createDirectories(project.folder().resolve("eval/e.json.shards"));
      Files.writeString(made.resolve("1-of-2.rows"), "rows");
      Files.writeString(made.resolve(".1-of-2.rows.stage"), "record");
      Files.writeString(made.resolve(".1-of-2.rows.lock"), "held");
      project.give();
      assertEquals("after it", text(system, "/project/models/old"));
      assertEquals("rows", text(system, "/project/eval/e.json.shards/1-of-2.rows"));
      assertEquals("record", text(system, "/project/eval/e.json.shards/.1-of-2.rows.stage"));
      assertFalse(
          system.exists(
              new org.apache.hadoop.fs.Path("/project/eval/e.json.shards/.1-of-2.rows.lock")));
      assertEquals(
          came,
          system
              .getFileStatus(new org.apache.hadoop.fs.Path("/project/models/weights"))
              .getModificationTime(),
          "what did not change was not written");

      Project later = new Project(address, hadoop, temp.resolve("other"));
      assertEquals(
          "rows", Files.readString(later.folder().resolve("eval/e.json.shards/1-of-2.rows")));
    }
  }

  @Test
  void aFolderOfThisMachineIsUsedAsItIs() throws IOException {
    Project project = new Project(temp.toString(), new Configuration(), temp.resolve("scratch"));
    assertEquals(temp, project.folder());
    project.give();
    assertTrue(Files.notExists(temp.resolve("scratch")));
  }
}
