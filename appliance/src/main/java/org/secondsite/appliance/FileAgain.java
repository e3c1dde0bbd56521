package org.secondsite.appliance;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.Problem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a daemon whose settings are those of its start says when it is told to read its file again. */
final class FileAgain {
    private static final Logger LOG = LoggerFactory.getLogger(FileAgain.class);

    private FileAgain() {}

    /** Compares the file with what runs, and says what would count from the next start on. */
    static <T> Runnable compare(Path file, T running, Function<Path, ConfigResult<T>> read) {
        return () -> {
            switch (read.apply(file)) {
                case ConfigResult.Invalid<T>(List<Problem> problems) -> {
                    problems.forEach(problem -> LOG.error("{}", problem));
                    LOG.error("{} is not in order, and nothing is changed; a start would be refused", file);
                }
                case ConfigResult.Valid<T>(T wanted) -> {
                    if (wanted.equals(running)) {
                        LOG.info("{} says what runs already", file);
                    } else {
                        LOG.warn(
                                "{} differs from what runs: it needs a restart, and nothing is changed until then",
                                file);
                    }
                }
            }
        };
    }
}
