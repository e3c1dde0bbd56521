package org.secondsite.appliance;

import java.util.stream.Collectors;
import org.secondsite.config.ConfigResult;

/** Takes the settings out of a read file, or ends the command with every problem of it. */
final class Configurations {
    private Configurations() {}

    static <T> T require(ConfigResult<T> result) {
        return switch (result) {
            case ConfigResult.Valid<T> valid -> valid.config();
            case ConfigResult.Invalid<T> invalid ->
                throw new IllegalArgumentException("the configuration is refused:\n"
                        + invalid.problems().stream().map(Object::toString).collect(Collectors.joining("\n")));
        };
    }
}
