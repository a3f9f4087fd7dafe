/** Plans of PostgreSQL and MySQL as one tree of nodes, to be asserted on and drawn. */
package mastery.support.plan;
