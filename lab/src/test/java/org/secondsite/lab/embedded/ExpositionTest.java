package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reader that judges scrapes refuses what is wrong. */
class ExpositionTest {
    private static final String GOOD = """
            # HELP a_total First.
            # TYPE a_total counter
            a_total{x="1"} 3.0
            a_total{x="2\\"\\n\\\\,}"} 4.0
            # HELP h_seconds Second.
            # TYPE h_seconds histogram
            h_seconds_bucket{le="0.5"} 1
            h_seconds_bucket{le="+Inf"} 2
            h_seconds_count 2
            h_seconds_sum 7.5
            # HELP g Third.
            # TYPE g gauge
            g -1.0
            """;

    @Test
    void readsWhatIsRight() {
        Exposition exposition = Exposition.parse(GOOD);
        assertEquals(3, exposition.families().size());
        assertEquals(3, exposition.value("a_total", "x", "1"));
        assertEquals(4, exposition.value("a_total", "x", "2\\\"\\n\\\\,}"));
        assertEquals(2, exposition.value("h_seconds_bucket", "le", "0.5") + 1);
        assertEquals(-1, exposition.value("g"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            no words of HELP                 | # HELP a_total First.       | # help
            HELP twice                       | # HELP g Third.             | # HELP a_total Third.
            TYPE of another                  | # TYPE g gauge              | # TYPE a_total counter
            a counter without a name of one  | # TYPE g gauge              | # TYPE g counter
            a type that is none here         | # TYPE g gauge              | # TYPE g untyped
            another name                     | g -1.0                      | f -1.0
            no number                        | g -1.0                      | g NaN
            two blanks                       | g -1.0                      | g  -1.0
            an empty family                  | g -1.0                      | # nothing
            a negative counter               | a_total{x="1"} 3.0          | a_total{x="1"} -3.0
            a series twice                   | a_total{x="1"} 3.0          | a_total{x="2\\"\\n\\\\,}"} 3.0
            a comma too many                 | a_total{x="1"} 3.0          | a_total{x="1",} 3.0
            a label twice                    | a_total{x="1"} 3.0          | a_total{x="1",x="2"} 3.0
            an open label                    | a_total{x="1"} 3.0          | a_total{x="1} 3.0
            not cumulative                   | h_seconds_bucket{le="0.5"} 1 | h_seconds_bucket{le="0.5"} 3
            no bucket for all                | h_seconds_bucket{le="+Inf"} 2 | h_seconds_bucket{le="0.7"} 2
            bounds that fall                 | h_seconds_bucket{le="+Inf"} 2 | h_seconds_bucket{le="0.1"} 2
            another count                    | h_seconds_count 2           | h_seconds_count 3
            """)
    void refusesWhatIsWrong(String name, String right, String wrong) {
        assertTrue(GOOD.contains(right), name);
        String text = GOOD.replace(right, wrong);
        assertThrows(IllegalArgumentException.class, () -> Exposition.parse(text), name);
    }
}
