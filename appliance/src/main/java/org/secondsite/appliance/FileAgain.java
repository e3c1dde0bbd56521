package org.secondsite.appliance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.Problem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an agent or a witness does when it is told to read its file again. */
final class FileAgain {
    private static final Logger LOG = LoggerFactory.getLogger(FileAgain.class);

    /** Has the daemon run by other settings. */
    interface Change<T> {
        /**
         * Carries it out.
         *
         * @throws IOException if that cannot be; everything is as before then
         */
        void carryOut(T running, T wanted) throws IOException;
    }

    private FileAgain() {}

    /** Takes the file as it is by then; one that is not in order, or asks for what cannot be had, changes nothing and is told about. */
    static <T> Runnable take(Path file, T atStart, Function<Path, ConfigResult<T>> read, Change<T> change) {
        AtomicReference<T> running = new AtomicReference<>(atStart);
        return () -> {
            switch (read.apply(file)) {
                case ConfigResult.Invalid<T>(List<Problem> problems) -> {
                    problems.forEach(problem -> LOG.error("{}", problem));
                    LOG.error("{} is not in order, and nothing is changed; a start would be refused", file);
                }
                case ConfigResult.Valid<T>(T wanted) -> {
                    if (wanted.equals(running.get())) {
                        LOG.info("{} says what runs already", file);
                        return;
                    }
                    try {
                        change.carryOut(running.get(), wanted);
                        running.set(wanted);
                        LOG.info("{} is taken", file);
                    } catch (IOException e) {
                        LOG.error("{} is not taken, and nothing is changed: {}", file, e.getMessage());
                    }
                }
            }
        };
    }

    /** Adds the name of what differs. */
    static void compare(String name, Object running, Object wanted, List<String> differing) {
        if (!running.equals(wanted)) {
            differing.add(name);
        }
    }

    /**
     * Refuses what cannot change while the daemon runs.
     *
     * @throws IOException with the names, if there are any
     */
    static void refuse(List<String> differing) throws IOException {
        if (!differing.isEmpty()) {
            throw new IOException("needs a restart: " + String.join(", ", differing));
        }
    }
}
