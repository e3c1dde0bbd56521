package org.secondsite.management.model;

import java.util.Locale;
import java.util.regex.Pattern;

/** Keys of the file in the spelling of YANG, and back: {@code maxInFlightMiB} is {@code max-in-flight-mib}. */
public final class Spelling {
    private static final Pattern UPPER = Pattern.compile("(?<=[a-z0-9])([A-Z])");
    private static final Pattern AFTER_DASH = Pattern.compile("-([a-z0-9])");

    private Spelling() {}

    /** A key of the file, as a name of YANG. */
    public static String ofYang(String key) {
        return UPPER.matcher(key.replace("MiB", "Mib")).replaceAll("-$1").toLowerCase(Locale.ROOT);
    }

    /** A name of YANG, as a key of the file. */
    public static String ofFile(String name) {
        String key = AFTER_DASH.matcher(name).replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
        return key.endsWith("Mib") ? key.substring(0, key.length() - 3) + "MiB" : key;
    }
}
