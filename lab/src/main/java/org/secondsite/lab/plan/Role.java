package org.secondsite.lab.plan;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a process of the lab is. The name in lower case stands in commands and in {@code lab status}. */
public enum Role {
    GATEWAY,
    AGENT,
    QEMU,
    SWITCH,
    ROUTER,
    CORE,
    WITNESS,
    WAN;

    /** The name in commands and reports. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads the name in commands.
     *
     * @throws IllegalArgumentException listing the known names
     */
    public static Role parse(String text) {
        for (Role role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw new IllegalArgumentException("unknown role '" + text + "', known are "
                + Arrays.stream(values()).map(Role::text).collect(Collectors.joining(", ")));
    }
}
