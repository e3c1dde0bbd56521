package org.secondsite.witness;

import java.util.List;
import java.util.Map;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * What one node of a witness says about itself.
 *
 * @param standing how it stands among its peers
 * @param records the records of the asker's groups, by term
 * @param heardMs how long ago each site's gateway was heard by this node, in milliseconds; a site never heard is missing
 * @param metrics by the names and labels that Prometheus would have them under, such as {@code
 *     secondsite_witness_refusals_total{reason="term"}}
 */
public record NodeStatus(
        StoreStanding standing, List<Made> records, Map<SiteId, Long> heardMs, Map<String, Double> metrics) {
    /**
     * A record and how it came to be.
     *
     * @param record the record
     * @param asker who asked for it
     * @param reason why, in words
     */
    public record Made(OwnershipRecord record, SiteId asker, String reason) {
        /** Whether an operator forced it. */
        public boolean forced() {
            return reason.startsWith(RecordBook.FORCED) || reason.startsWith(RecordBook.RECOVERED);
        }
    }
}
