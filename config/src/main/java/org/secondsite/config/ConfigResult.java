package org.secondsite.config;

import java.util.List;

/** What reading a configuration file came to: settings without any problem, or every problem of the file. */
public sealed interface ConfigResult<T> {
    /** The file is in order. */
    record Valid<T>(T config) implements ConfigResult<T> {}

    /** The file is refused. There is at least one problem; they stand in the order of the file. */
    record Invalid<T>(List<Problem> problems) implements ConfigResult<T> {
        /**
         * Copies the list.
         *
         * @throws IllegalArgumentException if it is empty
         */
        public Invalid {
            problems = List.copyOf(problems);
            if (problems.isEmpty()) {
                throw new IllegalArgumentException("refused without a problem");
            }
        }
    }
}
