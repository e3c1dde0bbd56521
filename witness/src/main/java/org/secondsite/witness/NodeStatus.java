package org.secondsite.witness;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    private static final Pattern KNOWS =
            Pattern.compile("secondsite_witness_site_knows\\{site=\"([^\"]+)\",term=\"(\\d{1,19})\"}");

    /** The metric that says which term a site's gateway knows of. A label has it: it may be beyond what a double can tell apart. */
    public static String knows(SiteId site, long term) {
        return "secondsite_witness_site_knows{site=\"" + site + "\",term=\"" + term + "\"}";
    }

    /** By site: the highest term that its gateway has said it knows of. */
    public Map<SiteId, Long> knownTerms() {
        Map<SiteId, Long> terms = new TreeMap<>();
        for (String metric : metrics.keySet()) {
            Matcher matcher = KNOWS.matcher(metric);
            if (matcher.matches()) {
                terms.put(new SiteId(matcher.group(1)), Long.parseLong(matcher.group(2)));
            }
        }
        return terms;
    }

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
