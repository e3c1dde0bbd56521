package org.secondsite.lab.plant;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/** What the woven methods call: nothing, until its file tells. */
public final class PlantedFault {
    private static final int LOOK_MS = 5;

    private static volatile Order order;

    /** Where to strike, in which thread, and how. */
    private record Order(Point point, String thread, Kind kind) {}

    /** What a struck method does. */
    public enum Kind {
        ERROR,
        HANG
    }

    private PlantedFault() {}

    /**
     * Waits for orders in a file named after this process: the point, the beginning of the thread's name, and the kind.
     *
     * @param directory where the file will be
     */
    static void obey(Path directory) {
        Path file = directory.resolve(Long.toString(ProcessHandle.current().pid()));
        Thread.ofPlatform().name("planted-faults").daemon().start(() -> {
            try {
                while (true) {
                    Thread.sleep(LOOK_MS);
                    if (Files.exists(file)) {
                        String[] words = Files.readString(file).split(" ", -1);
                        order = new Order(Point.valueOf(words[0]), words[1], Kind.valueOf(words[2]));
                        Files.delete(file);
                    }
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Called first thing by each woven method. */
    public static void reached(String name) {
        Order now = order;
        if (now != null
                && now.point().name().equals(name)
                && Thread.currentThread().getName().startsWith(now.thread())) {
            strike(now.kind());
        }
    }

    private static void strike(Kind kind) {
        if (kind == Kind.ERROR) {
            throw new StackOverflowError("planted");
        }
        // As a thread that waits in native code: an interrupt does not help.
        while (true) {
            LockSupport.park();
            boolean _ = Thread.interrupted();
        }
    }
}
