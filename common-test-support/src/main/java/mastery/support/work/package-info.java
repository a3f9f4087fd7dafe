/** What an action cost: round trips of the driver, counters of the server. */
package mastery.support.work;
