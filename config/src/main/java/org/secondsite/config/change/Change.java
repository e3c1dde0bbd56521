package org.secondsite.config.change;

import java.util.List;

/**
 * One change, of one thing that has a name or of one setting.
 *
 * @param kind which part of a gateway it is for
 * @param subject the name of the neighbour, switch, group or VM; of anything else, the path of the setting
 * @param differences every setting that differs, in the order of the file; never empty
 */
public record Change(ChangeKind kind, String subject, List<Difference> differences) {
    /** Copies the list. */
    public Change {
        differences = List.copyOf(differences);
    }
}
