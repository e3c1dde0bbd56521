package org.secondsite.appliance.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.config.GatewayConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Alone, because the log is the whole process's. */
@Isolated
class LogLevelsTest {
    private static final Path SOCKET = Path.of("/run/a.sock");
    private final Logger bgp = LoggerFactory.getLogger("org.secondsite.bgp.session.Something");
    private final Logger gateway = LoggerFactory.getLogger("org.secondsite.gateway.Something");

    @AfterEach
    void asBefore() {
        LogLevels.set(new GatewayConfig.Management(SOCKET));
    }

    private static void set(GatewayConfig.LogLevel level, String... debug) {
        LogLevels.set(new GatewayConfig.Management(
                SOCKET, Optional.of(level), List.of(debug), Optional.empty(), Optional.empty()));
    }

    /** The libraries of YANG write the data that they handle, secrets included. */
    @Test
    void noLevelHasLibrariesTellTheConfiguration() {
        set(GatewayConfig.LogLevel.DEBUG, "management");
        assertTrue(LoggerFactory.getLogger("org.secondsite.management.rest.Something")
                .isDebugEnabled());
        assertFalse(
                LoggerFactory.getLogger("org.opendaylight.yangtools.Something").isInfoEnabled());
        assertFalse(LoggerFactory.getLogger("io.netty.handler.Something").isInfoEnabled());
    }

    @Test
    void theLevelAndTheModulesThatTellEverything() {
        boolean usual = gateway.isInfoEnabled();
        set(GatewayConfig.LogLevel.WARN, "bgp");
        assertTrue(bgp.isDebugEnabled());
        assertFalse(gateway.isInfoEnabled());
        assertTrue(gateway.isWarnEnabled());
        set(GatewayConfig.LogLevel.ERROR, "gateway");
        assertFalse(bgp.isWarnEnabled(), "it is like the others again");
        assertTrue(gateway.isDebugEnabled());
        LogLevels.set(new GatewayConfig.Management(SOCKET));
        assertFalse(bgp.isDebugEnabled());
        assertEquals(usual, gateway.isInfoEnabled(), "what the environment says");
    }
}
