package dev.caisson.executor;

import dev.caisson.executor.disk.Disk;
import dev.caisson.executor.disk.Room;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Files;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Mounts;
import dev.caisson.linux.Processes;
import dev.caisson.linux.Sockets;
import dev.caisson.linux.Terminals;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The real kernel and disk, of which one call fails: the nth of those that the executor makes while
 * it carries out a request, or that the programs make which it hands to caisson-init meanwhile.
 */
final class FaultyKernel {
  /** What carries out a request; what its other threads do meanwhile never fails. */
  private static final String REQUESTS = "dev.caisson.executor.sandbox.SerialQueue";

  private static final String CREATIONS = "dev.caisson.executor.sandbox.Containers";
  private static final String UNDOING = "dev.caisson.executor.sandbox.Rollback";

  /** Of a program, in a file in memory of this name: caisson_init.h. */
  private static final String PROGRAM = "caisson-program";

  /** What a failed write is called. */
  static final String WRITE = "write";

  private static final int HEADER_BYTES = 32;
  private static final int STEPS_AT = 8;
  private static final int STEP_BYTES = 72;
  private static final int NO_SYSTEM_CALL = -1;

  /** ENOSYS. */
  private static final int UNKNOWN_CALL = 0xffff;

  private final Kernel real = Kernel.open();
  private final AtomicInteger calls = new AtomicInteger(Integer.MIN_VALUE);
  private final AtomicInteger steps = new AtomicInteger(-1);
  private final AtomicReference<String> failed = new AtomicReference<>();

  Kernel kernel() {
    return new Kernel(
        faulty(Files.class, real.files()),
        faulty(Mounts.class, real.mounts()),
        faulty(Processes.class, real.processes()),
        faulty(Sockets.class, real.sockets()),
        real.polling(),
        faulty(Terminals.class, real.terminals()));
  }

  /** The call after so many others fails, once. */
  void failAfter(int others) {
    failed.set(null);
    calls.set(-others - 1);
  }

  /** The step after so many others of programs fails, once. */
  void failStepAfter(int others) {
    failed.set(null);
    steps.set(others);
  }

  /** Which call has failed; empty: there were fewer. From now on none does. */
  Optional<String> outcome() {
    calls.set(Integer.MIN_VALUE);
    steps.set(-1);
    return Optional.ofNullable(failed.get());
  }

  private <T> T faulty(Class<T> type, T calls) {
    Object proxy =
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (ignored, method, arguments) -> call(calls, method, arguments));
    return type.cast(proxy);
  }

  private Object call(Object target, Method method, Object[] arguments) throws Throwable {
    if (fails(method.getDeclaringClass().getSimpleName() + "." + method.getName())) {
      throw new LinuxException(method.getName(), "a fault of the test's", Errno.EIO);
    }
    if (method.getName().equals("sealedMemory") && arguments[0].equals(PROGRAM)) {
      arguments[1] = withFault((ByteBuffer) arguments[1]);
    }
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** Counts a call. */
  private boolean fails(String call) {
    if (calls.get() >= 0 || calls.get() == Integer.MIN_VALUE || !isOfRequest()) {
      return false;
    }
    if (calls.incrementAndGet() < 0) {
      return false;
    }
    calls.set(Integer.MIN_VALUE);
    failed.set(call);
    return true;
  }

  /** Of which writes are counted among the calls. */
  Disk disk(Room room) {
    return new Disk(room) {
      @Override
      public void write(FileOutputStream file, byte[] bytes) throws IOException {
        failOr("journal");
        super.write(file, bytes);
      }

      @Override
      public void write(RandomAccessFile file, byte[] bytes) throws IOException {
        failOr("store");
        super.write(file, bytes);
      }

      private void failOr(String what) throws IOException {
        if (fails(WRITE + " to the " + what)) {
          throw new IOException("Input/output error");
        }
      }

      // It would not help.
      @Override
      public boolean makeRoom() {
        return false;
      }
    };
  }

  private ByteBuffer withFault(ByteBuffer program) {
    int others = steps.get();
    if (others < 0 || !isOfRequest()) {
      return program;
    }
    ByteBuffer faulty = ByteBuffer.allocate(program.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    faulty.put(program.duplicate()).flip();
    int count = faulty.getInt(STEPS_AT);
    for (int i = 0; i < count; i++) {
      int at = HEADER_BYTES + i * STEP_BYTES;
      boolean call = faulty.getInt(at) != NO_SYSTEM_CALL;
      if (call && others-- == 0) {
        failed.set("step " + i + " of " + count + ": system call " + faulty.getInt(at));
        faulty.putInt(at, UNKNOWN_CALL);
        break;
      }
    }
    steps.set(others);
    return faulty;
  }

  /** And not of what is undone because a call has failed. */
  private static boolean isOfRequest() {
    return StackWalker.getInstance()
        .walk(frames -> {
          boolean request = false;
          for (String name : (Iterable<String>) frames.map(f -> f.getClassName())::iterator) {
            if (name.startsWith(UNDOING)) {
              return false;
            }
            request |= name.startsWith(REQUESTS) || name.startsWith(CREATIONS);
          }
          return request;
        });
  }
}
