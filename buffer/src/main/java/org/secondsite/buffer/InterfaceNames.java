package org.secondsite.buffer;

import java.util.regex.Pattern;

/** What may stand as an interface's name in a command or in a ruleset. */
public final class InterfaceNames {
    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

    private InterfaceNames() {}

    static void check(String name, int maxLength) {
        if (!ALLOWED.matcher(name).matches() || name.length() > maxLength) {
            throw new IllegalArgumentException("'" + name + "' is not an interface name of 1 to " + maxLength
                    + " letters, digits, '.', '_' or '-'");
        }
    }

    /** The name of the nftables tables for an interface; nftables has no '-' in names. */
    public static String table(String name) {
        return "secondsite_" + name.replace('-', '_');
    }
}
