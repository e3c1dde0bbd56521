package org.secondsite.openflow.ovsdb;

/** A change of the database that mends something. */
public sealed interface Remedy {
    /** Sets a column to a text. */
    record SetText(String table, String row, String column, String value) implements Remedy {}

    /** Sets a column to a number. */
    record SetNumber(String table, String row, String column, long value) implements Remedy {}

    /** Sets one key of a bridge's {@code other_config}. */
    record SetOption(String bridge, String key, String value) implements Remedy {}

    /** Takes a mirror from its bridge. */
    record RemoveMirror(String bridge, String mirror) implements Remedy {}
}
