package org.secondsite.appliance.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.HashSet;
import java.util.Set;
import org.secondsite.config.GatewayConfig;
import org.slf4j.LoggerFactory;

/** From what severity on something is told in this process's log. One process has one log. */
public final class LogLevels {
    private static final String MODULES = "org.secondsite.";

    /** What the log told of when the process began: {@code SECONDSITE_LOG_LEVEL}, or else INFO. */
    private static final Level USUAL = root().getLevel();

    private static final Set<String> DEBUGGED = new HashSet<>();

    private LogLevels() {}

    /** From now on it tells of this. */
    public static synchronized void set(GatewayConfig.Management settings) {
        root().setLevel(settings.logLevel()
                .map(level -> Level.valueOf(level.name()))
                .orElse(USUAL));
        DEBUGGED.stream()
                .filter(module -> !settings.debug().contains(module))
                .forEach(module -> logger(MODULES + module).setLevel(null));
        DEBUGGED.retainAll(settings.debug());
        for (String module : settings.debug()) {
            logger(MODULES + module).setLevel(Level.DEBUG);
            DEBUGGED.add(module);
        }
    }

    private static Logger root() {
        return logger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static Logger logger(String name) {
        return (Logger) LoggerFactory.getLogger(name);
    }
}
