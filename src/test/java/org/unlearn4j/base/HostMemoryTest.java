package org.unlearn4j.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Available memory: the machine's, or what the control group leaves of it. */
class HostMemoryTest {
  @TempDir Path folder;

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private long available(Path meminfo) {
    return HostMemory.available(meminfo, folder).orElseThrow();
  }

  @Test
  void theSmallerOfMachineAndControlGroupCounts() throws IOException {
    Path meminfo = write("meminfo", "MemTotal: 4000 kB\nMemFree: 100 kB\nMemAvailable: 3000 kB\n");
    assertEquals(3000 * 1024, available(meminfo), "no control group");
    write("memory.max", "max\n");
    write("memory.current", "500000\n");
    assertEquals(3000 * 1024, available(meminfo), "one without a limit");
    write("memory.max", "2000000\n");
    assertEquals(1_500_000, available(meminfo));
    write("memory.stat", "anon 1\nfile 2\ninactive_file 300000\nactive_file 7\n");
    assertEquals(1_800_000, available(meminfo), "cached files can be given up");
  }

  @Test
  void theOldKindOfControlGroup() throws IOException {
    Path meminfo = write("meminfo", "MemAvailable: 3000 kB\n");
    write("memory/memory.limit_in_bytes", "1000000\n");
    write("memory/memory.usage_in_bytes", "400000\n");
    write("memory/memory.stat", "inactive_file 1\ntotal_inactive_file 100000\n");
    assertEquals(700_000, available(meminfo));
    // No limit is spelled as a number near 2^63.
    write("memory/memory.limit_in_bytes", "9223372036854771712\n");
    assertEquals(3000 * 1024, available(meminfo));
  }

  @Test
  void withoutTheFilesTheJvmIsAsked() {
    assertEquals(OptionalLong.empty(), HostMemory.available(folder.resolve("none"), folder));
    assertTrue(HostMemory.available() > 0);
  }
}
