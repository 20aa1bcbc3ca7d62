package org.unlearn4j.tf;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Server;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.ServerDef;
import org.unlearn4j.base.MachineException;

/**
 * TensorFlow's server of this process, which listens until the process ends: TensorFlow has no way
 * to stop one. It has no password: whoever reaches its port can run graphs.
 *
 * @param target what sessions that are to run on it are made with
 */
record TfServer(String target) {

  /** A session, and what ends its runs from another thread. */
  record Opened(Session session, TF_Session handle) {

    /** Ends a run that waits for a process which does not answer. */
    @SuppressWarnings("try") // the scope is there to be closed
    void cancel() {
      try (PointerScope scope = new PointerScope()) {
        tensorflow.TF_CloseSession(handle, TF_Status.newStatus());
      }
    }
  }

  /**
   * Starts one.
   *
   * @throws MachineException if it cannot listen
   */
  @SuppressWarnings("try") // the scope is there to be closed
  static TfServer start(ServerDef definition, String address) {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      byte[] bytes = definition.toByteArray();
      TF_Server server = tensorflow.TF_NewServer(new BytePointer(bytes), bytes.length, status);
      check(status, address);
      tensorflow.TF_ServerStart(server, status);
      check(status, address);
      return new TfServer(tensorflow.TF_ServerTarget(server).getString());
    }
  }

  private static void check(TF_Status status, String address) {
    if (tensorflow.TF_GetCode(status) != tensorflow.TF_OK) {
      throw new MachineException(
          address + ": TensorFlow's server could not be started (" + said(status) + ").");
    }
  }

  private static String said(TF_Status status) {
    return tensorflow.TF_Message(status).getString().lines().findFirst().orElse("no reason");
  }

  /**
   * Opens a session for a graph on all processes. TensorFlow Java's sessions are always of their
   * own process: its class is given one that the C API has made.
   */
  @SuppressWarnings("try") // the scope is there to be closed
  Opened session(Graph graph, ConfigProto config) {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TF_SessionOptions options = TF_SessionOptions.newSessionOptions();
      tensorflow.TF_SetTarget(options, target);
      byte[] bytes = config.toByteArray();
      tensorflow.TF_SetConfig(options, new BytePointer(bytes), bytes.length, status);
      check(status, target);
      TF_Session made = made(graph, options, status);
      Constructor<Session> constructor =
          Session.class.getDeclaredConstructor(Graph.class, TF_Session.class);
      constructor.setAccessible(true);
      return new Opened(constructor.newInstance(graph, made), made);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("another TensorFlow Java than 1.1: " + e, e);
    }
  }

  @SuppressWarnings("try") // the graph is held, and not closed by others meanwhile
  private static TF_Session made(Graph graph, TF_SessionOptions options, TF_Status status)
      throws ReflectiveOperationException {
    Method ref = Graph.class.getDeclaredMethod("ref");
    ref.setAccessible(true);
    Object reference = ref.invoke(graph);
    try (AutoCloseable held = (AutoCloseable) reference) {
      Method handle = reference.getClass().getMethod("nativeHandle");
      handle.setAccessible(true);
      TF_Session made = TF_Session.newSession((TF_Graph) handle.invoke(reference), options, status);
      if (tensorflow.TF_GetCode(status) != tensorflow.TF_OK) {
        throw new MachineException("No session on several processes (" + said(status) + ").");
      }
      made.retainReference(); // beyond the scope, as TensorFlow Java's own
      return made;
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new InvocationTargetException(e);
    }
  }
}
