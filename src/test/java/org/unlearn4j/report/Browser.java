package org.unlearn4j.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.unlearn4j.base.AtomicFiles;

/**
 * A real browser without a window, by the DevTools protocol: one page, its complaints, its sizes.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern LISTENING = Pattern.compile("ws://127\\.0\\.0\\.1:(\\d+)/");

  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger lastId = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final Semaphore loaded = new Semaphore(0);

  /** Where the browser is; empty on a machine without one. */
  static Optional<Path> find() {
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .map(name -> Path.of("/usr/bin", name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts a browser whose files go to {@code scratch}. */
  Browser(Path program, Path scratch) throws IOException, InterruptedException {
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox", // needs rights that a container does not give; the page is ours
                "--disable-gpu",
                "--remote-debugging-port=0",
                "--user-data-dir=" + scratch.resolve("profile"),
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    HttpRequest pages =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/json")).build();
    JsonNode page =
        JSON.readTree(client.send(pages, HttpResponse.BodyHandlers.ofString()).body()).get(0);
    socket =
        client
            .newWebSocketBuilder()
            .buildAsync(URI.create(page.get("webSocketDebuggerUrl").asText()), new Listener())
            .join();
    for (String domain : List.of("Runtime", "Log", "Page")) {
      call(domain + ".enable", "{}");
    }
  }

  private int port() throws IOException {
    BufferedReader said = process.errorReader(StandardCharsets.UTF_8);
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      Matcher port = LISTENING.matcher(line);
      if (port.find()) {
        Thread rest = new Thread(() -> said.lines().forEach(l -> {}), "browser says");
        rest.setDaemon(true);
        rest.start();
        return Integer.parseInt(port.group(1));
      }
    }
    throw new IOException("the browser ended before it listened");
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      message.append(part);
      if (last) {
        receive(message.toString());
        message.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private void receive(String text) {
    JsonNode message;
    try {
      message = JSON.readTree(text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    if (message.has("id")) {
      waiting.remove(message.get("id").intValue()).complete(message);
      return;
    }
    switch (message.get("method").asText()) {
      case "Page.loadEventFired" -> loaded.release();
      case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled" ->
          complaints.add(message.get("params").toString());
      default -> {}
    }
  }

  private JsonNode call(String method, String parameters) throws IOException {
    ObjectNode message = JSON.createObjectNode();
    int id = lastId.incrementAndGet();
    message.put("id", id).put("method", method).set("params", JSON.readTree(parameters));
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    socket.sendText(message.toString(), true).join();
    JsonNode reply = answer.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    if (reply.has("error")) {
      throw new IOException(method + ": " + reply.get("error"));
    }
    return reply.get("result");
  }

  /** Opens a file in a window of this width. */
  void open(Path page, int width, boolean dark) throws IOException, InterruptedException {
    call(
        "Emulation.setDeviceMetricsOverride",
        "{\"width\":%d,\"height\":800,\"deviceScaleFactor\":1,\"mobile\":%s}"
            .formatted(width, width < 600));
    call(
        "Emulation.setEmulatedMedia",
        "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]}"
            .formatted(dark ? "dark" : "light"));
    loaded.drainPermits();
    call("Page.navigate", "{\"url\":\"%s\"}".formatted(page.toUri()));
    if (!loaded.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IOException(page + " did not load");
    }
  }

  /** Turns scripts off or on for what is opened next. */
  void scripts(boolean on) throws IOException {
    call("Emulation.setScriptExecutionDisabled", "{\"value\":%s}".formatted(!on));
  }

  /** Evaluates an expression in the page. */
  JsonNode ask(String expression) throws IOException {
    ObjectNode parameters = JSON.createObjectNode();
    parameters.put("expression", expression).put("returnByValue", true);
    JsonNode reply = call("Runtime.evaluate", parameters.toString());
    if (reply.has("exceptionDetails")) {
      throw new IOException(expression + ": " + reply.get("exceptionDetails"));
    }
    return reply.get("result").path("value");
  }

  /** Presses and releases a key. */
  void press(String key, int code) throws IOException {
    for (String type : List.of("keyDown", "keyUp")) {
      call(
          "Input.dispatchKeyEvent",
          "{\"type\":\"%s\",\"key\":\"%s\",\"code\":\"%s\",\"text\":\"%s\",\"windowsVirtualKeyCode\":%d}"
              .formatted(type, key, key, key.equals("Enter") ? "\\r" : "", code));
    }
  }

  /** What the page or the browser complained of. */
  List<String> complaints() {
    return new ArrayList<>(complaints);
  }

  /** A picture of a part of the page, of so many pixels from its top. */
  byte[] picture(int width, int from, int height) throws IOException {
    JsonNode shot =
        call(
            "Page.captureScreenshot",
            ("{\"format\":\"png\",\"captureBeyondViewport\":true,\"clip\":"
                    + "{\"x\":0,\"y\":%d,\"width\":%d,\"height\":%d,\"scale\":1}}")
                .formatted(from, width, height));
    return Base64.getDecoder().decode(shot.get("data").asText());
  }

  @Override
  public void close() {
    socket.abort();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  /** {@code Browser PAGE PICTURE.png WIDTH HEIGHT light|dark}: a picture for the documentation. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path scratch = Files.createTempDirectory("browser");
    try (Browser browser = new Browser(find().orElseThrow(), scratch)) {
      int width = Integer.parseInt(arguments[2]);
      browser.open(Path.of(arguments[0]).toAbsolutePath(), width, arguments[4].equals("dark"));
      Files.write(Path.of(arguments[1]), browser.picture(width, 0, Integer.parseInt(arguments[3])));
    } finally {
      AtomicFiles.deleteTree(scratch);
    }
  }
}
