package org.unlearn4j.base;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/** This machine's name, as others on a shared disk know it. */
public final class HostName {
  private static final Path KERNEL = Path.of("/proc/sys/kernel/hostname");

  private HostName() {}

  /** The kernel's name for it where it tells, which asks no network. */
  public static String get() {
    try {
      return Files.isReadable(KERNEL)
          ? Files.readString(KERNEL).strip()
          : InetAddress.getLocalHost().getHostName();
    } catch (IOException e) {
      return "an unknown host";
    }
  }
}
